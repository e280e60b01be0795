import type { ServiceRecord } from '../../../src/control/store/index.ts';
import type { ReplicaId } from '../../../src/model/index.ts';
import type { Life } from '../life.ts';
import type { World } from '../world.ts';
import type { Decisions } from './decisions.ts';

interface Sent {
  readonly life: Life;
  readonly at: number;
  /** No word of it could be left for who comes next. */
  readonly isDiskFull: boolean;
}

/** Whoever has to go leaves the routes first, then drains, then gets its signals one after the other. */
export class Leaving {
  /** Told to drain or to end: nothing takes that back. */
  readonly ended = new Set<ReplicaId>();
  readonly #world: World;
  readonly #decisions: Decisions;
  /** Those that their supervisor could leave no word of on a full disk. */
  readonly #unwritten = new Map<ReplicaId, Life>();
  #told: { readonly life: Life; readonly replica: ReplicaId }[] = [];
  readonly #signals = new Map<ReplicaId, number[]>();
  /** Who sent them, and when. */
  readonly #sent = new Map<ReplicaId, readonly Sent[]>();

  constructor(world: World, decisions: Decisions) {
    this.#world = world;
    this.#decisions = decisions;
  }

  takeOver(earlier: Leaving): void {
    for (const replica of earlier.ended) this.ended.add(replica);
    for (const [replica, times] of earlier.#signals) this.#signals.set(replica, times);
  }

  beforeDrain(replica: ReplicaId): void {
    if (!this.#world.life.isAlive) return;
    this.#requireLeft(replica, 'is drained');
  }

  beforeCut(replica: ReplicaId): void {
    const { proxy, time } = this.#world;
    const inFlight = proxy.inFlight.get(replica) ?? 0;
    if (!this.#world.life.isAlive || inFlight === 0) return;
    const drainedAt = proxy.drainedAt.get(replica);
    const seconds = this.#least(replica, ({ policy }) => policy.drain.timeoutSeconds);
    if (drainedAt !== undefined && time.now >= drainedAt + seconds * 1000) return;
    const said =
      drainedAt === undefined ? 'it never drained' : `drained for ${(time.now - drainedAt) / 1000} s of ${seconds}`;
    this.#world.fail(
      'nothing is ended before its drain is over',
      `${replica} is cut with ${inFlight} in flight: ${said}`,
    );
  }

  beforeSignal(replica: ReplicaId, name: string): void {
    const { disk, life, time, proxy } = this.#world;
    if (!life.isAlive) return;
    this.#requireLeft(replica, `gets ${name}`);
    const before = this.#signals.get(replica) ?? [];
    if (before.length === 0 && name === 'SIGKILL') {
      const asks = this.#least(replica, ({ policy }) => policy.stop.signals.length);
      const isRunning = this.#world.containers.all.get(replica)?.state === 'running';
      const isNoted = (life.store?.get('replicas', replica)?.signalledAt.length ?? 0) > 1;
      if (asks > 0 && isRunning && !isNoted) this.#fail(`${replica} is killed without having been asked to end`);
    }
    const sent = this.#sent.get(replica) ?? [];
    this.#sent.set(replica, [...sent, { life, at: time.now, isDiskFull: disk.isFull }]);
    const last = lastKnown(life, sent.at(-1), before.at(-1));
    const wait = this.#least(replica, ({ policy }) => Math.min(...policy.stop.signals.map((one) => one.waitSeconds)));
    if (last !== undefined && time.now < last + wait * 1000)
      this.#fail(`${replica} gets ${name} too soon after the last signal`);
    const inFlight = proxy.inFlight.get(replica) ?? 0;
    const drains = this.#decisions.always(serviceOf(replica), ({ policy }) => policy.drain.http !== 'none');
    if (inFlight > 0 && drains) this.#fail(`${replica} gets ${name} with ${inFlight} in flight`);
  }

  afterDrain(life: Life, replica: ReplicaId): void {
    this.#told.push({ life, replica });
  }

  /**
   * Whoever told it to drain knows that it was told, and wrote it down. A supervisor that was killed before that leaves a
   * replica whose streams have ended and that is as good as ever: the next one may route it again.
   */
  afterWrite(life: Life): void {
    for (const told of this.#told) if (told.life === life) this.ended.add(told.replica);
    this.#told = [];
    for (const [replica, teller] of this.#unwritten) if (teller === life) this.#unwritten.delete(replica);
  }

  afterSignal(replica: ReplicaId): void {
    this.tellEnding(replica);
    this.#signals.set(replica, [...(this.#signals.get(replica) ?? []), this.#world.time.now]);
  }

  tellEnding(replica: ReplicaId): void {
    const { disk, life } = this.#world;
    this.ended.add(replica);
    if (disk.isFull || life.store?.failure !== undefined) this.#unwritten.set(replica, life);
  }

  /** Told to drain or to end, as far as the supervisor that lives can know. */
  isKnownToEnd(replica: ReplicaId): boolean {
    const teller = this.#unwritten.get(replica);
    return this.ended.has(replica) && (teller === undefined || teller === this.#world.life);
  }

  /** It was refused, or who sent it gave it up: as far as anybody knows, it never was. */
  afterUnheardSignal(life: Life, replica: ReplicaId): void {
    if (life.isAlive) this.#sent.set(replica, this.#sent.get(replica)?.slice(0, -1) ?? []);
  }

  beforeRemove(replica: ReplicaId): void {
    const { containers, life } = this.#world;
    const container = containers.all.get(replica);
    if (!life.isAlive || container?.state !== 'running') return;
    if (this.#decisions.service(container.start.service) === undefined) return;
    this.#fail(`${replica} is removed while it runs`);
  }

  /** Out of the routes, and for as long as both versions are to overlap. */
  #requireLeft(replica: ReplicaId, what: string): void {
    const { disk, life, proxy, time } = this.#world;
    if (proxy.isUp && proxy.routed().has(replica))
      return this.#fail(`${replica} ${what} while requests are routed to it`);
    const leftAt = proxy.leftAt.get(replica);
    const seconds = this.#least(replica, ({ policy }) => policy.overlapSeconds);
    if (leftAt === undefined || this.#world.containers.all.get(replica)?.state !== 'running') return;
    // Whoever saw it leave had no room to write that down, and is dead.
    if (disk.fullUntil > leftAt && life.bornAt > leftAt) return;
    if (time.now < leftAt + seconds * 1000) this.#fail(`${replica} ${what} before its overlap of ${seconds} s is over`);
  }

  #least(replica: ReplicaId, read: (record: ServiceRecord) => number): number {
    return this.#decisions.least(serviceOf(replica), read);
  }

  #fail(words: string): void {
    this.#world.fail('nothing is ended before its drain is over', words);
  }
}

/** Only who sent it knows when it arrived; who comes after his death counts from when it was sent, if that was written down. */
const lastKnown = (life: Life, sent: Sent | undefined, arrivedAt: number | undefined): number | undefined => {
  if (sent?.life === life) return arrivedAt;
  return sent?.isDiskFull === true ? undefined : sent?.at;
};

/** `shop-sim-web-r1-0-1` → `web`. */
const serviceOf = (replica: ReplicaId): ServiceRecord['service'] =>
  (replica.split('-')[2] ?? '') as ServiceRecord['service'];

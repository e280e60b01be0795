import type { ReplicaId, RequestRecord, RouteTable } from '../../src/model/index.ts';
import { PointsmanError } from '../../src/model/index.ts';
import type { ProxyLink } from '../../src/traffic/index.ts';
import type { Call, Life } from './life.ts';
import type { World } from './world.ts';

type Counts = Readonly<Record<ReplicaId, number>>;

interface Listeners {
  counts: (counts: Counts) => void;
  ledger: (records: readonly RequestRecord[]) => void;
  lost: (reason: string) => void;
  back: () => void;
}

const nobody: Listeners = {
  counts: () => undefined,
  ledger: () => undefined,
  lost: () => undefined,
  back: () => undefined,
};

/** The proxy's process: it serves its last table whether a supervisor lives or not, and finds it again after its own death. */
export class Proxy {
  readonly #world: World;
  table: RouteTable | undefined;
  isUp = true;
  /** When it last came back from its own death. */
  backAt = Number.NEGATIVE_INFINITY;
  readonly inFlight = new Map<ReplicaId, number>();
  /** When each left the table. */
  readonly leftAt = new Map<ReplicaId, number>();
  readonly drainedAt = new Map<ReplicaId, number>();
  readonly listeners: Listeners = { ...nobody };

  constructor(world: World) {
    this.#world = world;
  }

  /** The table it served at the end of another story, and with whom it still had to do. */
  takeOver(earlier: Proxy): void {
    this.table = earlier.table;
    for (const [id, count] of earlier.inFlight) this.inFlight.set(id, count);
    for (const [id, at] of earlier.leftAt) this.leftAt.set(id, at);
    for (const [id, at] of earlier.drainedAt) this.drainedAt.set(id, at);
  }

  listen(listeners: Partial<Listeners>): void {
    Object.assign(this.listeners, listeners);
  }

  forgetListeners(): void {
    this.listen(nobody);
  }

  routed(): ReadonlySet<ReplicaId> {
    const ids = new Set<ReplicaId>();
    for (const pool of this.table?.pools ?? []) for (const { id } of pool.upstreams) ids.add(id);
    return ids;
  }

  serve(table: RouteTable): void {
    const before = this.routed();
    this.table = table;
    const now = this.routed();
    for (const id of now) {
      this.leftAt.delete(id);
      if (!before.has(id)) this.inFlight.set(id, this.#world.containers.all.get(id)?.behaviour.inFlight ?? 0);
    }
    for (const id of before) if (!now.has(id)) this.#leave(id);
  }

  cut(id: ReplicaId): void {
    this.#becomeIdle(id);
  }

  /** What was open on a replica ended with it. */
  afterEnd(id: ReplicaId): void {
    if (this.routed().has(id)) this.inFlight.set(id, 0);
    else this.#becomeIdle(id);
  }

  die(): void {
    this.isUp = false;
    this.inFlight.clear();
    this.listeners.lost('it was killed');
  }

  comeBack(): void {
    if (this.isUp) return;
    this.isUp = true;
    this.backAt = this.#world.time.now;
    for (const id of this.routed()) this.inFlight.set(id, this.#world.containers.all.get(id)?.behaviour.inFlight ?? 0);
    this.listeners.back();
  }

  #leave(id: ReplicaId): void {
    const { time, containers } = this.#world;
    this.leftAt.set(id, time.now);
    if ((this.inFlight.get(id) ?? 0) === 0) return;
    const finishMs = containers.all.get(id)?.behaviour.finishMs ?? 0;
    time.after(finishMs, () => {
      if (!this.routed().has(id)) this.#becomeIdle(id);
    });
  }

  #becomeIdle(id: ReplicaId): void {
    if ((this.inFlight.get(id) ?? 0) === 0) return;
    this.inFlight.set(id, 0);
    this.listeners.counts({ [id]: 0 });
  }
}

/** The link that one supervisor has to it. */
export class Link implements ProxyLink {
  readonly #world: World;
  readonly #life: Life;

  constructor(world: World, life: Life) {
    this.#world = world;
    this.#life = life;
  }

  get hello(): ProxyLink['hello'] {
    return helloOf(this.#world.proxy);
  }

  publish(table: RouteTable, signal: AbortSignal): ReturnType<ProxyLink['publish']> {
    const { proxy, rules } = this.#world;
    rules.beforePublish(table);
    return this.#ask(`publish table ${table.generation}`, signal, () => {
      rules.atPublish(table);
      this.#world.tell('proxy', `serves table ${table.generation}: ${poolWords(table)}`);
      proxy.serve(table);
      return { generation: table.generation, listeners: listenersOf(proxy), warning: undefined };
    });
  }

  drain({ upstream }: { readonly upstream: ReplicaId }, signal: AbortSignal): Promise<void> {
    const { proxy, rules, time } = this.#world;
    rules.beforeDrain(upstream);
    const effect = (): void => {
      proxy.drainedAt.set(upstream, proxy.drainedAt.get(upstream) ?? time.now);
    };
    return this.#ask(`drain ${upstream}`, signal, effect, { key: `drain ${upstream}` });
  }

  cut(upstream: ReplicaId, signal: AbortSignal): Promise<void> {
    const { proxy, rules } = this.#world;
    rules.beforeCut(upstream);
    return this.#ask(`cut ${upstream}`, signal, () => proxy.cut(upstream));
  }

  inFlight(signal: AbortSignal): Promise<Counts> {
    const counts = (): Counts => Object.fromEntries(this.#world.proxy.inFlight) as Counts;
    return this.#ask('count', signal, counts, { isLook: true });
  }

  onDraining(callback: (counts: Counts) => void): void {
    this.#world.proxy.listen({ counts: (counts) => this.#life.isAlive && callback(counts) });
  }

  onLedger(callback: (records: Iterable<RequestRecord>, dropped: number) => void): void {
    const { proxy } = this.#world;
    const others = proxy.listeners.ledger;
    proxy.listen({
      ledger: (records) => {
        others(records);
        if (this.#life.isAlive) callback(records, 0);
      },
    });
  }

  onNotice(): void {
    // It has nothing to say.
  }

  onLost(callback: (reason: string) => void): void {
    this.#world.proxy.listen({ lost: (reason) => this.#life.isAlive && callback(reason) });
  }

  onBack(callback: (hello: ProxyLink['hello']) => void): void {
    this.#world.proxy.listen({ back: () => this.#life.isAlive && callback(this.hello) });
  }

  async shutdown(): Promise<void> {
    // It outlives its supervisors.
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  destroy(): void {
    // Nothing is held.
  }

  #ask<Answer>(
    words: string,
    signal: AbortSignal,
    effect: () => Answer,
    more: Partial<Call<Answer>> = {},
  ): Promise<Answer> {
    const { proxy, scenario } = this.#world;
    return this.#life.call(signal, {
      words,
      milliseconds: scenario.weather.callMs,
      refusal: () =>
        proxy.isUp ? undefined : new PointsmanError('PROXY_UNREACHABLE', { message: 'the proxy does not answer' }),
      effect,
      ...more,
    });
  }
}

const helloOf = (proxy: Proxy): ProxyLink['hello'] => ({
  kind: 'hello',
  protocol: 2,
  pid: 1,
  startedAt: 0,
  table: proxy.table,
  listeners: listenersOf(proxy),
  warning: undefined,
});

const listenersOf = ({ table }: Proxy) =>
  table === undefined ? [] : [{ id: 'http', address: '127.0.0.1', port: 8080 }];

const poolWords = (table: RouteTable): string =>
  table.pools
    .map(({ id, upstreams }) => `${id} → ${upstreams.map((one) => one.id).join(' + ') || 'nothing'}`)
    .join('; ');

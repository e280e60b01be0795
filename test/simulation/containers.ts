import type { EngineEvent, ReplicaStart } from '../../src/engine/index.ts';
import type { Exit, ImageRef, ReplicaId, ServiceName } from '../../src/model/index.ts';
import { PointsmanError } from '../../src/model/index.ts';
import type { Behaviour, End } from './scenario.ts';
import type { World } from './world.ts';

export interface Container {
  readonly id: ReplicaId;
  readonly start: ReplicaStart;
  readonly behaviour: Behaviour;
  readonly address: { readonly host: string; readonly port: number };
  readonly createdAt: number;
  state: 'created' | 'running' | 'exited';
  startedAt: number;
  exit: Exit | undefined;
  hangs: boolean;
  signalledAt: number | undefined;
  /** What the machine's clock was behind when it started, and when it ended. */
  clockBehindMs: { start: number; end: number };
}

/** Containers and images as they really are: they know nothing of supervisors, and outlive them. */
export class Containers {
  readonly all = new Map<ReplicaId, Container>();
  readonly images = new Set<ImageRef>();
  /** Every name that ever ran. */
  readonly namesUsed = new Set<ReplicaId>();
  /** When those that were removed had ended. */
  readonly endedAt = new Map<ReplicaId, number>();
  readonly #world: World;
  readonly #byService = new Map<ServiceName, Map<ReplicaId, Container>>();
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #addresses = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** What ran and lay there at the end of another story. */
  takeOver(earlier: Containers): void {
    for (const found of earlier.all.values()) this.#put({ ...found, clockBehindMs: { ...found.clockBehindMs } });
    for (const image of earlier.images) this.images.add(image);
    for (const name of earlier.namesUsed) this.namesUsed.add(name);
    this.#addresses = earlier.#addresses;
  }

  listen(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  forgetListeners(): void {
    this.#listeners.clear();
  }

  tell(event: EngineEvent): void {
    const { events } = this.#world.trouble;
    if (event.kind === 'replica' && events === 'lost') return;
    const times = event.kind === 'replica' && events === 'doubled' ? 2 : 1;
    for (let time = 0; time < times; time += 1) for (const listener of this.#listeners) listener(event);
  }

  of(service: ServiceName): readonly Container[] {
    return [...(this.#byService.get(service)?.values() ?? [])];
  }

  isReady(id: ReplicaId): boolean {
    const container = this.all.get(id);
    return (
      container?.state === 'running' &&
      !container.hangs &&
      !container.behaviour.neverReady &&
      this.#world.time.now >= container.startedAt + container.behaviour.bootMs
    );
  }

  create(start: ReplicaStart): Container {
    const { time, behaviourOf } = this.#world;
    const behaviour = behaviourOf(start.image);
    if (!this.images.has(start.image)) throw cannotStart(`${start.id} can't start: there is no image ${start.image}`);
    if (behaviour.start === 'fails') throw cannotStart(`${start.id} can't start: no such program`);
    this.#addresses += 1;
    const container: Container = {
      id: start.id,
      start,
      behaviour,
      address: { host: `10.0.${this.#addresses >> 8}.${this.#addresses & 255}`, port: start.port },
      createdAt: time.now,
      state: 'created',
      startedAt: time.now,
      exit: undefined,
      hangs: false,
      signalledAt: undefined,
      clockBehindMs: { start: this.#world.clockBehindMs, end: this.#world.clockBehindMs },
    };
    this.#put(container);
    return container;
  }

  run(container: Container): void {
    const { time } = this.#world;
    if (this.all.get(container.id) !== container) throw cannotStart(`${container.id} was removed while it started`);
    container.state = 'running';
    container.startedAt = time.now;
    container.clockBehindMs.start = this.#world.clockBehindMs;
    this.namesUsed.add(container.id);
    this.#world.tell('engine', `${container.id} runs`);
    this.#tellOf(container, 'started');
    const { ends } = container.behaviour;
    if (ends !== undefined && container.start.attempt <= ends.attempts) {
      time.after(ends.afterMs, () => this.end(container, ends.how));
    }
  }

  end(container: Container, how: End): void {
    const ended: { readonly [How in End]: Pick<Exit, 'code' | 'signal' | 'outOfMemory'> } = {
      'exits with 0': { code: 0, signal: null, outOfMemory: false },
      'exits with 1': { code: 1, signal: null, outOfMemory: false },
      'is killed': { code: null, signal: 'SIGKILL', outOfMemory: false },
      'runs out of memory': { code: 137, signal: null, outOfMemory: true },
    };
    this.#exit(container, { ...ended[how], at: this.#world.time.now }, how);
  }

  /** Nothing to do for one that does not run, as with Docker. */
  signal(container: Container, name: string): void {
    const { time } = this.#world;
    if (container.state !== 'running') return;
    container.signalledAt ??= time.now;
    this.#world.tell('engine', `${container.id} gets ${name}`);
    if (name === 'SIGKILL') {
      this.#exit(container, { code: null, signal: 'SIGKILL', outOfMemory: false, at: time.now }, 'is killed');
    } else if (!container.behaviour.ignoresSigterm) {
      time.after(container.behaviour.stopMs, () => this.end(container, 'exits with 0'));
    }
  }

  remove(id: ReplicaId): void {
    const container = this.all.get(id);
    if (container === undefined) return;
    if (container.state === 'running') {
      this.#exit(
        container,
        { code: 137, signal: 'SIGKILL', outOfMemory: false, at: this.#world.time.now },
        'is killed',
      );
    }
    this.all.delete(id);
    this.endedAt.set(id, container.exit?.at ?? this.#world.time.now);
    this.#byService.get(container.start.service)?.delete(id);
    this.#world.tell('engine', `${id} is removed`);
    this.#tellOf(container, 'removed');
  }

  #put(container: Container): void {
    const { id, service } = container.start;
    this.all.set(id, container);
    const beside = this.#byService.get(service) ?? new Map<ReplicaId, Container>();
    this.#byService.set(service, beside.set(id, container));
  }

  #exit(container: Container, exit: Exit, words: string): void {
    if (container.state !== 'running' || this.all.get(container.id) !== container) return;
    container.state = 'exited';
    container.exit = exit;
    container.clockBehindMs.end = this.#world.clockBehindMs;
    this.#world.tell('engine', `${container.id} ${words}`);
    this.#world.proxy.afterEnd(container.id);
    this.#tellOf(container, exit.outOfMemory ? 'out-of-memory' : 'exited');
  }

  #tellOf({ id, start }: Container, what: 'started' | 'exited' | 'removed' | 'out-of-memory'): void {
    this.tell({ kind: 'replica', service: start.service, replica: id, what });
  }
}

const cannotStart = (message: string): PointsmanError => new PointsmanError('REPLICA_START_FAILED', { message });

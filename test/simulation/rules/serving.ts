import type { ServiceRecord } from '../../../src/control/store/index.ts';
import type { ReplicaId, RouteTable, ServiceName } from '../../../src/model/index.ts';
import { serviceName } from '../../../src/model/index.ts';
import type { Container } from '../containers.ts';
import type { World } from '../world.ts';
import type { Decisions } from './decisions.ts';
import { floorOf, isHeldByOne, wantedReplicas } from './decisions.ts';
import type { Leaving } from './leaving.ts';

/** An end may stay unseen until the next look at everything, when its event was lost. */
const unseenMs = 75_000;

/** Who serves: never too few, never one that isn't ready, never two of what must be alone. */
export class Serving {
  readonly #world: World;
  readonly #decisions: Decisions;
  readonly #issuedAt = new Map<ReplicaId, number>();

  constructor(world: World, decisions: Decisions) {
    this.#world = world;
    this.#decisions = decisions;
  }

  beforeStart(replica: ReplicaId): void {
    this.#issuedAt.set(replica, this.#world.time.now);
  }

  afterStart(container: Container): void {
    const { service } = container.start;
    const living = this.#world.containers.of(service).filter(({ state }) => state === 'running');
    const holders = living.filter(({ start }) => isHeldByOne(start));
    if (holders.length > 1) this.#failTwice(holders, 'have what only one can: a volume or a host port');
    const isSingleton = this.#decisions.always(service, ({ policy }) => policy.strategy === 'singleton');
    if (living.length > 1 && isSingleton) this.#failTwice(living, 'run at the same time');
  }

  beforePublish(table: RouteTable, leaving: Pick<Leaving, 'isKnownToEnd'>): void {
    const before = this.#world.proxy.routed();
    const served = this.#world.proxy.table?.generation ?? 0;
    if (table.generation <= served)
      this.#world.fail('tables are numbered upwards', `${table.generation} after ${served}`);
    for (const { upstreams } of table.pools) {
      for (const { id, address } of upstreams) {
        if (before.has(id)) continue;
        if (leaving.isKnownToEnd(id)) this.#refuse(id, 'was told to end already');
        const container = this.#world.containers.all.get(id);
        if (container === undefined) this.#requireSeen(id);
        else if (container.address.host !== address.host) this.#refuse(id, `is not at ${address.host}`);
        else if (!wasReady(container, this.#world.time.now)) this.#refuse(id, 'was never ready');
      }
    }
  }

  atPublish(table: RouteTable): void {
    const old = this.#world.proxy.table;
    if (old === undefined) return;
    for (const pool of old.pools) {
      const service = serviceName(pool.id.slice(pool.id.lastIndexOf('/') + 1));
      const after = table.pools.find(({ id }) => id === pool.id)?.upstreams.map(({ id }) => id) ?? [];
      const leaving = pool.upstreams.filter(({ id }) => !after.includes(id) && this.#world.containers.isReady(id));
      if (leaving.length > 0)
        this.#requireFloor(
          service,
          after,
          leaving.map(({ id }) => id),
        );
    }
  }

  /** Whoever takes a serving replica away leaves enough of the others. */
  #requireFloor(service: ServiceName, after: readonly ReplicaId[], leaving: readonly ReplicaId[]): void {
    const { containers, time } = this.#world;
    const floor = this.#decisions.least(service, (record) =>
      record.active === undefined ? 0 : floorOf(record.policy, leastReplicas(record)),
    );
    const serving = after.filter((id) => {
      const container = containers.all.get(id);
      // What ended just now may not have been seen yet, and a hanging one looks as it did.
      return (container?.exit?.at ?? containers.endedAt.get(id) ?? time.now) > time.now - unseenMs;
    });
    if (serving.length >= floor) return;
    // Where people or a failure lead back, what is left of the old version has to do.
    const left = this.#decisions.leftToGoBackTo(service);
    if (left !== undefined && left > 0 && serving.length >= left) return;
    const words = `${leaving.join(', ')} left the routes of ${service}: ${serving.length} serve, ${floor} must`;
    this.#world.fail('never fewer than the policy says', words);
  }

  #failTwice(containers: readonly Container[], what: string): void {
    this.#world.fail('a singleton never runs twice', `${containers.map(({ id }) => id).join(' and ')} ${what}`);
  }

  #requireSeen(id: ReplicaId): void {
    if (!this.#world.containers.namesUsed.has(id)) this.#refuse(id, 'never ran');
  }

  #refuse(id: ReplicaId, why: string): void {
    this.#world.fail('nothing is routed that is not ready', `${id} gets requests, but it ${why}`);
  }
}

/** Until it is replaced, the version that worked last may have fewer than the next is to have. */
const leastReplicas = (record: ServiceRecord): number =>
  Math.min(wantedReplicas(record), record.replicasBefore ?? Number.POSITIVE_INFINITY);

const wasReady = ({ behaviour, startedAt, exit, state }: Container, now: number): boolean =>
  state !== 'created' && !behaviour.neverReady && (exit?.at ?? now) >= startedAt + behaviour.bootMs;

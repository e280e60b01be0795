import type { ConnectionLimits, Listener, Pool as PoolEntry, ReplicaId, Route, RouteTable } from '../../model/index.ts';
import type { CookieScope } from './affinity.ts';
import { CompiledAnswer } from './edge-answer.ts';
import { onlyRevision, Pool } from './pool.ts';
import { RouteIndex } from './route-index.ts';
import { TrustedPeers } from './trusted-peers.ts';
import { Upstream } from './upstream.ts';
import type { UpstreamContext } from './upstream.ts';

/** The table that serves, as objects. Replaced whole between two requests, so no request ever sees half of one. */
export class Switchboard {
  generation = 0;
  trustedPeers = new TrustedPeers([]);
  unknownHost = new CompiledAnswer({ status: 404, headers: {}, body: 'no routes yet\n' });
  readonly #context: UpstreamContext;
  #listeners: ReadonlyMap<string, RouteIndex<Pool>> = new Map();
  #edges: ReadonlyMap<string, Listener> = new Map();
  #pools: ReadonlyMap<string, RoutedPool> = new Map();
  #routed: ReadonlyMap<ReplicaId, Upstream> = new Map();
  /** Left the table, with requests still on them. */
  readonly #dropped = new Set<Upstream>();

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  find(listener: string, host: string, path: string): Pool | undefined {
    return this.#listeners.get(listener)?.find(host, path);
  }

  /** Set when the listener only sends clients to https. */
  redirectPort(listener: string): number | undefined {
    const entry = this.#edges.get(listener);
    return entry?.kind === 'redirect' ? entry.toPort : undefined;
  }

  /** Where connections of a tcp listener go. */
  findTcp(listener: string): { readonly pool: Pool; readonly upstreamPort: number | undefined } | undefined {
    const entry = this.#edges.get(listener);
    const pool = entry?.kind === 'tcp' ? this.#pools.get(entry.pool)?.pool : undefined;
    return entry?.kind === 'tcp' && pool !== undefined ? { pool, upstreamPort: entry.upstreamPort } : undefined;
  }

  /** Listeners that speak something else under this table than now: what came in by them belongs to the old kind. */
  otherKinds(table: RouteTable): ReadonlySet<string> {
    const changed = table.listeners.filter(({ id, kind }) => {
      const before = this.kindOf(id);
      return before !== undefined && spoken(before) !== spoken(kind);
    });
    return new Set(changed.map(({ id }) => id));
  }

  limitsOf(listener: string): ConnectionLimits | undefined {
    return this.#edges.get(listener)?.limits;
  }

  kindOf(listener: string): Listener['kind'] | undefined {
    return this.#edges.get(listener)?.kind;
  }

  /** An upstream that stays keeps its connections and counts; one that left is dropped; the table must have been checked. */
  apply(table: RouteTable): void {
    const routed = new Map<ReplicaId, Upstream>();
    const pools = new Map(
      table.pools.map((entry) => {
        const upstreams = entry.upstreams.map((upstream) => {
          const known = routed.get(upstream.id) ?? this.#same(upstream) ?? new Upstream(upstream, this.#context);
          routed.set(upstream.id, known);
          return known;
        });
        const pool = new Pool(entry, upstreams, { before: this.#pools.get(entry.id)?.pool });
        return [entry.id, { entry, upstreams, pool }] as const;
      }),
    );
    this.#listeners = new Map(table.listeners.map((listener) => [listener.id, indexOf(listener, pools)]));
    this.#edges = new Map(table.listeners.map((listener) => [listener.id, listener]));
    this.#pools = pools;
    this.unknownHost = new CompiledAnswer(table.unknownHost);
    this.trustedPeers = new TrustedPeers(table.trustedPeers ?? []);
    this.generation = table.generation;
    const before = this.#routed;
    this.#routed = routed;
    for (const upstream of before.values()) if (routed.get(upstream.id) !== upstream) this.#drop(upstream);
  }

  /** Every object that stands for this replica: the routed one, and those of earlier tables that still have requests. */
  upstreams(id: ReplicaId): readonly Upstream[] {
    const routed = this.#routed.get(id);
    const dropped = [...this.#dropped].filter((upstream) => upstream.id === id);
    return routed === undefined ? dropped : [routed, ...dropped];
  }

  get allUpstreams(): readonly Upstream[] {
    return [...this.#routed.values(), ...this.#dropped];
  }

  inFlight(): Readonly<Record<ReplicaId, number>> {
    return sumById(this.allUpstreams);
  }

  /** Only what left the table, also where a later table names the same replica again. */
  droppedInFlight(): Readonly<Record<ReplicaId, number>> {
    return sumById([...this.#dropped]);
  }

  /** Called when the count of a dropped upstream was reported: at zero there is nothing left to remember. */
  forgetEmpty(upstream: Upstream): void {
    if (upstream.inFlight === 0) this.#dropped.delete(upstream);
  }

  #same(entry: RouteTable['pools'][number]['upstreams'][number]): Upstream | undefined {
    const known = this.#routed.get(entry.id);
    const stays = known?.address.host === entry.address.host && known.address.port === entry.address.port;
    return stays && known.revision === entry.revision ? known : undefined;
  }

  #drop(upstream: Upstream): void {
    this.#dropped.add(upstream);
    upstream.drop();
  }
}

/** A redirect is an answer of http. */
const spoken = (kind: Listener['kind']): Listener['kind'] => (kind === 'redirect' ? 'http' : kind);

const sumById = (upstreams: readonly Upstream[]): Record<ReplicaId, number> => {
  const counts: Record<ReplicaId, number> = {};
  for (const upstream of upstreams) counts[upstream.id] = (counts[upstream.id] ?? 0) + upstream.inFlight;
  return counts;
};

const routesOf = (listener: Listener): readonly Route[] =>
  listener.kind === 'http' || listener.kind === 'https' ? listener.routes : [];

interface RoutedPool {
  readonly entry: PoolEntry;
  readonly upstreams: readonly Upstream[];
  readonly pool: Pool;
}

const indexOf = (listener: Listener, pools: ReadonlyMap<string, RoutedPool>): RouteIndex<Pool> => {
  const index = new RouteIndex<Pool>();
  for (const route of routesOf(listener)) {
    const routed = pools.get(route.pool);
    const path = route.pathPrefix.replace(/(?<=.)\/$/, '');
    if (routed !== undefined) index.add(route, targetOf(route, routed, { path, secure: listener.kind === 'https' }));
  }
  return index;
};

/** Routes share their pool as long as nothing of the route itself shows in what the pool does. */
const targetOf = (route: Route, { entry, upstreams, pool }: RoutedPool, cookieScope: CookieScope): Pool => {
  if (route.revision !== undefined) return onlyRevision(entry, route.revision, upstreams, cookieScope);
  if (pool.division?.affinity === undefined) return pool;
  return new Pool(entry, upstreams, { before: pool, cookieScope });
};

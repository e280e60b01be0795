import type { ConnectionLimits, Listener, Route, RouteTable } from '../../model/index.ts';
import type { RoutesChange, TableChange } from '../../protocol/index.ts';
import { CompiledAnswer } from './edge-answer.ts';
import type { Pool } from './pool.ts';
import { RouteIndex } from './route-index.ts';
import { RoutedPool } from './routed-pool.ts';
import type { RouteTarget } from './routed-pool.ts';
import { RoutedUpstreams } from './routed-upstreams.ts';
import { TrustedPeers } from './trusted-peers.ts';
import type { UpstreamContext } from './upstream.ts';

interface Edge {
  /** Its routes are in the index, and only there. */
  readonly listener: Listener;
  readonly index: RouteIndex<RouteTarget>;
}

/** The table that serves, as objects. Replaced or changed between two requests, so no request ever sees half of one. */
export class Switchboard {
  generation = 0;
  trustedPeers = new TrustedPeers([]);
  unknownHost = new CompiledAnswer({ status: 404, headers: {}, body: 'no routes yet\n' });
  readonly upstreams: RoutedUpstreams;
  #edges: ReadonlyMap<string, Edge> = new Map();
  #pools = new Map<string, RoutedPool>();

  constructor(context: UpstreamContext) {
    this.upstreams = new RoutedUpstreams(context);
  }

  find(listener: string, host: string, path: string): RouteTarget | undefined {
    return this.#edges.get(listener)?.index.find(host, path);
  }

  /** Set when the listener only sends clients to https. */
  redirectPort(listener: string): number | undefined {
    const entry = this.#edges.get(listener)?.listener;
    return entry?.kind === 'redirect' ? entry.toPort : undefined;
  }

  /** Where connections of a tcp listener go. */
  findTcp(listener: string): { readonly pool: Pool; readonly upstreamPort: number | undefined } | undefined {
    const entry = this.#edges.get(listener)?.listener;
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
    return this.#edges.get(listener)?.listener.limits;
  }

  kindOf(listener: string): Listener['kind'] | undefined {
    return this.#edges.get(listener)?.listener.kind;
  }

  /** An upstream that stays keeps its connections and counts; one that left is dropped; the table must have been checked. */
  apply(table: RouteTable): void {
    const before = this.#pools;
    this.#pools = new Map(
      table.pools.map((entry) => [entry.id, new RoutedPool(entry, this.upstreams, before.get(entry.id)?.pool)]),
    );
    for (const pool of before.values()) pool.leave();
    this.#edges = new Map(table.listeners.map((listener) => [listener.id, this.#edgeOf(listener)]));
    this.unknownHost = new CompiledAnswer(table.unknownHost);
    this.trustedPeers = new TrustedPeers(table.trustedPeers ?? []);
    this.generation = table.generation;
    this.upstreams.dropLeft();
  }

  /** Costs as much as there is change. It must have been checked against the table that this one serves. */
  change({ generation, pools, routes, unknownHost, trustedPeers }: TableChange): void {
    for (const entry of pools.put) {
      const known = this.#pools.get(entry.id);
      if (known === undefined) this.#pools.set(entry.id, new RoutedPool(entry, this.upstreams));
      else known.become(entry);
    }
    for (const change of routes) this.#changeRoutes(change);
    const stays = new Set(pools.put.map(({ id }) => id));
    for (const id of pools.gone) {
      if (stays.has(id)) continue;
      this.#pools.get(id)?.leave();
      this.#pools.delete(id);
    }
    if (unknownHost !== undefined) this.unknownHost = new CompiledAnswer(unknownHost);
    if (trustedPeers !== undefined) this.trustedPeers = new TrustedPeers(trustedPeers);
    this.generation = generation;
    this.upstreams.dropLeft();
  }

  #changeRoutes({ listener, gone, put }: RoutesChange): void {
    const edge = this.#edges.get(listener);
    if (edge === undefined) return;
    for (const place of gone) {
      const target = edge.index.remove(place);
      if (target !== undefined) this.#pools.get(target.route.pool)?.removeRoute(target);
    }
    for (const route of put) this.#addRoute(edge, route);
  }

  #edgeOf(listener: Listener): Edge {
    const index = new RouteIndex<RouteTarget>();
    if (!('routes' in listener)) return { listener, index };
    const edge = { listener: { ...listener, routes: [] }, index };
    for (const route of listener.routes) this.#addRoute(edge, route);
    return edge;
  }

  #addRoute({ listener, index }: Edge, route: Route): void {
    const target = this.#pools.get(route.pool)?.addRoute(route, listener.kind === 'https');
    if (target !== undefined) index.add(route, target);
  }
}

/** A redirect is an answer of http. */
const spoken = (kind: Listener['kind']): Listener['kind'] => (kind === 'redirect' ? 'http' : kind);

import type { Pool as PoolEntry, Route } from '../../model/index.ts';
import { onlyRevision, Pool } from './pool.ts';
import type { RoutedUpstreams } from './routed-upstreams.ts';
import type { Upstream } from './upstream.ts';

/** A route, and where it leads to at present. */
export interface RouteTarget {
  readonly route: Route;
  /** What records call it. */
  readonly name: string;
  readonly secure: boolean;
  pool: Pool;
}

/** One pool from table to table, with the routes that lead to it. */
export class RoutedPool {
  pool: Pool;
  #entry: PoolEntry;
  #members: readonly Upstream[];
  readonly #upstreams: RoutedUpstreams;
  readonly #targets = new Set<RouteTarget>();

  /** `before`: the same pool of another table; its turns go on. */
  constructor(entry: PoolEntry, upstreams: RoutedUpstreams, before?: Pool) {
    this.#entry = entry;
    this.#upstreams = upstreams;
    this.#members = entry.upstreams.map((member) => upstreams.take(member));
    this.pool = new Pool(entry, this.#members, { before });
  }

  /** Everything that leads here leads to its new members from now on. */
  become(entry: PoolEntry): void {
    const before = this.#members;
    this.#entry = entry;
    this.#members = entry.upstreams.map((member) => this.#upstreams.take(member));
    this.pool = new Pool(entry, this.#members, { before: this.pool });
    for (const target of this.#targets) target.pool = this.#poolFor(target);
    for (const upstream of before) this.#upstreams.leave(upstream);
  }

  /** No route leads here any more. */
  leave(): void {
    for (const upstream of this.#members) this.#upstreams.leave(upstream);
  }

  addRoute(route: Route, secure: boolean): RouteTarget {
    const name = `${route.host}${route.pathPrefix}`;
    const target = { route, name, secure, pool: this.#poolFor({ route, secure }) };
    this.#targets.add(target);
    return target;
  }

  removeRoute(target: RouteTarget): void {
    this.#targets.delete(target);
  }

  /** Routes share the pool as long as nothing of the route itself shows in what the pool does. */
  #poolFor({ route, secure }: Pick<RouteTarget, 'route' | 'secure'>): Pool {
    const cookieScope = { path: route.pathPrefix.replace(/(?<=.)\/$/, ''), secure };
    if (route.revision !== undefined) return onlyRevision(this.#entry, route.revision, this.#members, cookieScope);
    if (this.pool.division?.affinity === undefined) return this.pool;
    return new Pool(this.#entry, this.#members, { before: this.pool, cookieScope });
  }
}

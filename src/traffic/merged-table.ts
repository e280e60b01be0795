import { PointsmanError } from '../model/index.ts';
import type { Generation, Listener, NameZone, Route, RouteTable } from '../model/index.ts';
import { routeKey } from '../protocol/index.ts';
import { isSameRoute } from './table-change.ts';

/** Whose replicas answer the domains of an environment, where these are not its own: `{production: staging, staging: production}`. */
export type DomainOwners = Readonly<Record<string, string>>;

/** Pools are called `<project>/<environment>/<service>`. */
export const environmentOfPool = (pool: string): string => pool.split('/')[1] ?? '';

const poolIn = (pool: string, environment: string): string => {
  const [project, , service] = pool.split('/');
  return `${project}/${environment}/${service}`;
};

/**
 * The tables of several environments as one: their pools and private names side by side, their public routes behind the same
 * listeners. Throws TABLE_REJECTED when two of them claim the same address. `joins`: what was joined before, so that only what
 * is different costs.
 */
export const mergedTable = (
  parts: ReadonlyMap<string, RouteTable>,
  owners: DomainOwners,
  generation: Generation,
  joins = new JoinedRoutes(),
): RouteTable => {
  const tables = [...parts.values()];
  const [first] = tables;
  if (first === undefined) throw new Error('there is no table to merge');
  if (tables.length === 1) return { ...first, generation };
  const pools = tables.flatMap((table) => table.pools);
  const known = new Set(pools.map(({ id }) => id));
  const alike = new Map<string, Listener[]>();
  for (const [environment, table] of parts) {
    const owner = owners[environment];
    for (const listener of table.listeners) {
      const moved = owner === undefined ? listener : joins.moved(listener, owner, known);
      const others = alike.get(listener.id);
      if (others === undefined) alike.set(listener.id, [moved]);
      else others.push(moved);
    }
  }
  return {
    ...first,
    generation,
    listeners: [...alike.values()].map((some) => joins.joined(some)),
    pools,
    names: tables.flatMap((table) => table.names),
  };
};

/** What of a served table belongs to one environment, as that would have published it; undefined: nothing does. */
export const partOf = (table: RouteTable, environment: string, owners: DomainOwners): RouteTable | undefined => {
  const pools = table.pools.filter(({ id }) => environmentOfPool(id) === environment);
  if (pools.length === 0) return undefined;
  const known = new Set(table.pools.map(({ id }) => id));
  const homeOf = (pool: string): string => {
    const owner = Object.entries(owners).find(([, served]) => served === environmentOfPool(pool))?.[0];
    const home = owner === undefined ? pool : poolIn(pool, owner);
    return known.has(home) ? home : pool;
  };
  return {
    ...table,
    pools,
    listeners: table.listeners.flatMap((listener): readonly Listener[] => {
      if (listener.kind === 'tcp') return environmentOfPool(listener.pool) === environment ? [listener] : [];
      if (listener.kind === 'redirect') return [listener];
      const routes = listener.routes
        .map((route) => (isPublic(listener) ? { ...route, pool: homeOf(route.pool) } : route))
        .filter(({ pool }) => environmentOfPool(pool) === environment);
      return isPublic(listener) || routes.length > 0 ? [{ ...listener, routes }] : [];
    }),
    names: table.names.filter((zone) => isOf(zone, pools)),
  };
};

/** A zone answers with addresses of its own environment's replicas; an empty one is published anew soon. */
const isOf = (zone: NameZone, pools: RouteTable['pools']): boolean => {
  const hosts = new Set(pools.flatMap(({ upstreams }) => upstreams.map(({ address }) => address.host)));
  return Object.values(zone.records).some((addresses) => addresses.some((address) => hosts.has(address)));
};

/** Private listeners have one route, to the one service they stand for. */
const isPublic = (listener: Extract<Listener, { readonly routes: readonly Route[] }>): boolean =>
  listener.routes.every(({ host }) => host !== '*');

type Routes = readonly Route[];
type Routing = Extract<Listener, { readonly routes: Routes }>;

/** What routes became, and of what. */
interface Move {
  readonly from: Routes;
  readonly known: ReadonlySet<string>;
  readonly routes: Routes;
}

interface Join {
  readonly from: readonly Routes[];
  readonly routes: Routes;
}

/** Routes of several environments behind one listener. Most tables differ in one service from the one before, and in none of its routes. */
export class JoinedRoutes {
  /** By who answers and listener, of the newest table. */
  readonly #moves = new Map<string, Move>();
  /** By listener, of the newest table. */
  readonly #joins = new Map<string, Join>();

  /** The listener with the routes that its environment's domains have for as long as another one answers them. */
  moved(listener: Listener, owner: string, known: ReadonlySet<string>): Listener {
    if (!('routes' in listener) || !isPublic(listener)) return listener;
    const key = `${owner} ${listener.id}`;
    const before = this.#moves.get(key);
    if (before !== undefined && isSameList(before.from, listener.routes) && isSameSet(before.known, known))
      return { ...listener, routes: before.routes };
    const routes = listener.routes.map((route) => {
      const pool = poolIn(route.pool, owner);
      // A preview is about one version of one environment.
      return route.revision === undefined && known.has(pool) ? { ...route, pool } : route;
    });
    this.#moves.set(key, { from: listener.routes, known, routes });
    return { ...listener, routes };
  }

  /** Of one id. */
  joined(listeners: readonly Listener[]): Listener {
    const [first, ...others] = listeners;
    if (first === undefined) throw new Error('there is no listener to join');
    if (others.length === 0 || !('routes' in first)) return first;
    const routing = listeners.filter((listener): listener is Routing => 'routes' in listener);
    const routes = this.#routesOf(
      first.id,
      routing.map((listener) => listener.routes),
    );
    if (first.kind !== 'https') return { ...first, routes };
    const certificates = routing.flatMap((each) => (each.kind === 'https' ? each.certificates : []));
    return { ...first, routes, certificates };
  }

  #routesOf(listener: string, from: readonly Routes[]): Routes {
    const before = this.#joins.get(listener);
    if (before !== undefined && isSameJoin(before.from, from)) return before.routes;
    const routes = from.flat();
    refuseRivals(routes);
    this.#joins.set(listener, { from, routes });
    return routes;
  }
}

const isSameJoin = (before: readonly Routes[], now: readonly Routes[]): boolean =>
  before.length === now.length && before.every((routes, at) => isSameList(routes, now[at] ?? []));

const isSameList = (before: Routes, now: Routes): boolean =>
  before.length === now.length && before.every((route, at) => isSameRoute(route, now[at]));

const isSameSet = (before: ReadonlySet<string>, now: ReadonlySet<string>): boolean =>
  before.size === now.size && [...now].every((each) => before.has(each));

/** No environment claims an address twice: its own table would have been refused. */
const refuseRivals = (routes: Routes): void => {
  const known = new Map<string, Route>();
  for (const route of routes) {
    const key = routeKey(route);
    const taken = known.get(key);
    known.set(key, route);
    if (taken === undefined) continue;
    const { host, pool } = route;
    throw new PointsmanError('TABLE_REJECTED', {
      message: `the domain ${host} is claimed by ${pool} and by ${taken.pool}`,
      fix: `Give it another domain in that environment (environments.${environmentOfPool(pool)}.domains).`,
    });
  }
};

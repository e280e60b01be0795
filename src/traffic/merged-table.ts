import { PointsmanError } from '../model/index.ts';
import type { Generation, Listener, NameZone, Route, RouteTable } from '../model/index.ts';
import { routeKey } from '../protocol/index.ts';

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
 * listeners. Throws TABLE_REJECTED when two of them claim the same address.
 */
export const mergedTable = (
  parts: ReadonlyMap<string, RouteTable>,
  owners: DomainOwners,
  generation: Generation,
): RouteTable => {
  const tables = [...parts.values()];
  const [first] = tables;
  if (first === undefined) throw new Error('there is no table to merge');
  if (tables.length === 1) return { ...first, generation };
  const pools = tables.flatMap((table) => table.pools);
  const known = new Set(pools.map(({ id }) => id));
  const listeners = new Map<string, Listener>();
  for (const [environment, table] of parts) {
    for (const listener of table.listeners) {
      const moved = withOwners(listener, environment, owners, known);
      const before = listeners.get(listener.id);
      listeners.set(listener.id, before === undefined ? moved : joined(before, moved));
    }
  }
  return {
    ...first,
    generation,
    listeners: [...listeners.values()],
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

const withOwners = (
  listener: Listener,
  environment: string,
  owners: DomainOwners,
  known: ReadonlySet<string>,
): Listener => {
  const owner = owners[environment];
  if (owner === undefined || !('routes' in listener) || !isPublic(listener)) return listener;
  const routes = listener.routes.map((route) => {
    const pool = poolIn(route.pool, owner);
    // A preview is about one version of one environment.
    return route.revision === undefined && known.has(pool) ? { ...route, pool } : route;
  });
  return { ...listener, routes };
};

const joined = (one: Listener, other: Listener): Listener => {
  if (!('routes' in one) || !('routes' in other)) return one;
  const known = new Map(one.routes.map((route) => [routeKey(route), route]));
  for (const route of other.routes) {
    const taken = known.get(routeKey(route));
    if (taken === undefined) continue;
    const { host, pool } = route;
    throw new PointsmanError('TABLE_REJECTED', {
      message: `the domain ${host} is claimed by ${pool} and by ${taken.pool}`,
      fix: `Give it another domain in that environment (environments.${environmentOfPool(pool)}.domains).`,
    });
  }
  const certificates = [one, other].flatMap((each) => (each.kind === 'https' ? each.certificates : []));
  const routes = [...one.routes, ...other.routes].toSorted((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
  return one.kind === 'https' ? { ...one, routes, certificates } : { ...one, routes };
};

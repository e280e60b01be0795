import type { Generation, Pool, Route } from '../../model/index.ts';
import { routeKey, zoneKey } from '../../protocol/index.ts';
import type { RecordsChange, RoutesChange, TableChange } from '../../protocol/index.ts';
import { duplicate, first } from './faults.ts';
import type { HeldTable } from './held-table.ts';
import { routeFault } from './listener-check.ts';
import { answerFault, poolFault, recordsFault, trustedPeersFault } from './table-check.ts';

export type CheckedChange =
  | { readonly kind: 'good'; readonly change: TableChange }
  /** It is not one of the table that is held. */
  | { readonly kind: 'misfit' }
  | { readonly kind: 'bad'; readonly reason: string };

/** Whether the held table and the change make a table. Looks only at what changes, and says what the check of the whole would say. */
export const checkChange = (value: unknown, held: HeldTable): CheckedChange => {
  try {
    const change = value as TableChange;
    if (!fits(change, held)) return { kind: 'misfit' };
    const reason = faultOf(change, held);
    return reason === undefined ? { kind: 'good', change } : { kind: 'bad', reason };
  } catch (error) {
    return { kind: 'bad', reason: `not a change of a route table: ${(error as Error).message}` };
  }
};

const fits = ({ base, pools, routes, names }: TableChange, held: HeldTable): boolean =>
  base === held.generation &&
  pools.gone.every((id) => held.hasPool(id)) &&
  routes.every(({ listener, gone }) => gone.every((place) => held.route(listener, place) !== undefined)) &&
  routes.every(({ listener }) => ['http', 'https'].includes(held.kindOf(listener) ?? '')) &&
  names.every((change) => {
    const records = held.zone(zoneKey(change))?.records;
    return records !== undefined && change.gone.every((name) => Object.hasOwn(records, name));
  });

const faultOf = (change: TableChange, held: HeldTable): string | undefined => {
  const { generation, pools, routes, names } = change;
  if (!Number.isSafeInteger(generation)) return 'not a change of a route table: generation is needed';
  return (
    olderFault(generation, held.generation) ??
    duplicate(routes, ({ listener }) => listener, 'listener') ??
    duplicate(names, zoneKey, 'name server address') ??
    poolTwice(change, held) ??
    first(routes, (those) => routesFault(those, change, held)) ??
    missingPool(change, held) ??
    first(pools.put, poolFault) ??
    first(names, (those) => namesFault(those, held)) ??
    trustedPeersFault(change.trustedPeers ?? []) ??
    (change.unknownHost === undefined ? undefined : answerFault(change.unknownHost, 'unknownHost'))
  );
};

export const olderFault = (generation: Generation, served: Generation): string | undefined =>
  generation < served ? `generation ${generation} is older than ${served}, which serves` : undefined;

const poolTwice = ({ pools }: TableChange, held: HeldTable): string | undefined => {
  const gone = new Set(pools.gone);
  const stays = pools.put.find(({ id }) => held.hasPool(id) && !gone.has(id));
  return stays === undefined ? duplicate(pools.put, ({ id }) => id, 'pool') : `duplicate pool: ${stays.id}`;
};

const routesFault = ({ listener, gone, put }: RoutesChange, { pools }: TableChange, held: HeldTable) => {
  const where = `listener ${listener}`;
  const come = new Set(pools.put.map(({ id }) => id));
  const leave = new Set(pools.gone);
  const isPool = (id: string): boolean => come.has(id) || (held.hasPool(id) && !leave.has(id));
  const fault = first(put, (route) => routeFault(route, isPool, where));
  if (fault !== undefined) return fault;
  const left = new Set(gone.map(routeKey));
  const stays = put.find((route) => held.route(listener, route) !== undefined && !left.has(routeKey(route)));
  return stays === undefined
    ? duplicate(put, routeKey, `route of ${where}`)
    : `duplicate route of ${where}: ${routeKey(stays)}`;
};

/** A pool that leaves must have no route left that leads to it. */
const missingPool = ({ pools, routes }: TableChange, held: HeldTable): string | undefined => {
  const leaving = new Set<string>(pools.gone);
  for (const { id } of pools.put) leaving.delete(id);
  if (leaving.size === 0) return undefined;
  const uses = new Map<string, number>();
  for (const { listener, gone } of routes) {
    for (const place of gone) {
      const pool = held.route(listener, place)?.pool ?? '';
      uses.set(pool, (uses.get(pool) ?? 0) + 1);
    }
  }
  const missing = [...leaving].find((id) => held.uses(id) > (uses.get(id) ?? 0));
  return missing === undefined ? undefined : `${userOf(missing, { routes }, held)}: unknown pool ${missing}`;
};

/** Only when it has to be told. */
const userOf = (pool: Pool['id'], { routes }: Pick<TableChange, 'routes'>, held: HeldTable): string => {
  const gone = new Map(routes.map((each) => [each.listener, new Set(each.gone.map(routeKey))]));
  const leads = (listener: string, route: Route): boolean =>
    route.pool === pool && gone.get(listener)?.has(routeKey(route)) !== true;
  for (const listener of held.table.listeners) {
    if (listener.kind === 'tcp' && listener.pool === pool) return `listener ${listener.id}`;
    const route = 'routes' in listener ? listener.routes.find((each) => leads(listener.id, each)) : undefined;
    if (route !== undefined) return `listener ${listener.id}, route ${route.host}${route.pathPrefix}`;
  }
  return 'a listener';
};

const namesFault = ({ bind, gone, put }: RecordsChange, held: HeldTable): string | undefined => {
  const key = zoneKey({ bind });
  const records = held.zone(key)?.records ?? {};
  const left = new Set(gone);
  const stays = put.find(([name]) => Object.hasOwn(records, name) && !left.has(name));
  const where = `names at ${key}`;
  if (stays !== undefined) return `duplicate name in ${where}: ${stays[0]}`;
  return duplicate(put, ([name]) => name, `name in ${where}`) ?? recordsFault(put, where);
};

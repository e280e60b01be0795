import type { Listener, NameZone, Route, RouteTable } from '../model/index.ts';
import { routeKey, zoneKey } from '../protocol/index.ts';
import type {
  NameRecord,
  RecordsChange,
  Replacement,
  RoutePlace,
  RoutesChange,
  TableChange,
} from '../protocol/index.ts';

/** What makes one table of the other; undefined where it has to be published whole. */
export const changeBetween = (before: RouteTable, after: RouteTable): TableChange | undefined => {
  try {
    return opensTheSame(before, after) ? changeOf(before, after) : undefined;
  } catch {
    return undefined; // of no shape that could be compared: the proxy says what is wrong with it
  }
};

const opensTheSame = (before: RouteTable, after: RouteTable): boolean =>
  before.listeners.length === after.listeners.length &&
  before.listeners.every((listener, at) => isSameListener(listener, after.listeners[at])) &&
  isEqual(before.names.map(withoutRecords), after.names.map(withoutRecords)) &&
  isEqual(restOf(before), restOf(after));

const changeOf = (before: RouteTable, after: RouteTable): TableChange => {
  const trustedPeers = after.trustedPeers ?? [];
  return {
    base: before.generation,
    generation: after.generation,
    pools: replacement(before.pools, after.pools, { keyOf: ({ id }) => id, isSame: isEqual }),
    routes: after.listeners.flatMap((listener, at) => routesChange(before.listeners[at], listener)),
    names: after.names.flatMap((zone, at) => recordsChange(before.names[at], zone)),
    ...(!isEqual(before.unknownHost, after.unknownHost) && { unknownHost: after.unknownHost }),
    ...(!isEqual(before.trustedPeers ?? [], trustedPeers) && { trustedPeers }),
  };
};

/** But for its routes. */
const isSameListener = (one: Listener, other: Listener | undefined): boolean =>
  one === other || (other !== undefined && isEqual(withoutRoutes(one), withoutRoutes(other)));

const withoutRoutes = (listener: Listener): object => ('routes' in listener ? { ...listener, routes: [] } : listener);

/** What a change can't say. */
const restOf = (table: RouteTable): object => {
  const { generation: _, listeners: _l, pools: _p, names: _n, unknownHost: _u, trustedPeers: _t, ...rest } = table;
  return rest;
};

const withoutRecords = ({ bind, subnet }: NameZone): object => ({ key: zoneKey({ bind }), subnet });

const routesChange = (before: Listener | undefined, after: Listener): readonly RoutesChange[] => {
  if (before === after || before === undefined || !('routes' in before) || !('routes' in after)) return [];
  const { gone, put } = replacement(before.routes, after.routes, { keyOf: routeKey, isSame: isSameRoute });
  const places = gone.map(placeOf);
  return places.length + put.length === 0 ? [] : [{ listener: after.id, gone: places, put }];
};

/** A host has no slash, a prefix begins with one. */
const placeOf = (key: string): RoutePlace => {
  const slash = key.indexOf('/');
  return { host: key.slice(0, slash), pathPrefix: key.slice(slash) };
};

const recordsChange = (before: NameZone | undefined, after: NameZone): readonly RecordsChange[] => {
  const [left, right] = [before?.records ?? {}, after.records];
  const differs = (name: string): boolean => !isEqual(left[name], right[name]);
  const gone = Object.keys(left).filter(differs);
  const put = Object.keys(right)
    .filter(differs)
    .map((name): NameRecord => [name, right[name] ?? []]);
  return gone.length + put.length === 0 ? [] : [{ bind: after.bind, gone, put }];
};

interface Comparison<Item> {
  readonly keyOf: (item: Item) => string;
  readonly isSame: (one: Item | undefined, other: Item | undefined) => boolean;
}

/**
 * Tables of the same services come in the same order, so most of what stays is passed by at both ends. What is in there
 * twice comes out as put without being gone, which the proxy refuses.
 */
const replacement = <Item>(
  before: readonly Item[],
  after: readonly Item[],
  { keyOf, isSame }: Comparison<Item>,
): Replacement<string, Item> => {
  const shorter = Math.min(before.length, after.length);
  let begin = 0;
  while (begin < shorter && isSame(before[begin], after[begin])) begin += 1;
  let end = 0;
  while (end < shorter - begin && isSame(before.at(-1 - end), after.at(-1 - end))) end += 1;
  const left = new Map(before.slice(begin, before.length - end).map((item) => [keyOf(item), item]));
  const put: Item[] = [];
  for (const item of after.slice(begin, after.length - end)) {
    const key = keyOf(item);
    if (isSame(left.get(key), item)) left.delete(key);
    else put.push(item);
  }
  return { gone: [...left.keys()], put };
};

/** There are many of them: what is said of any value below would take ten times as long. */
export const isSameRoute = (one: Route | undefined, other: Route | undefined): boolean =>
  one === other ||
  (one?.host === other?.host &&
    one?.pathPrefix === other?.pathPrefix &&
    one?.pool === other?.pool &&
    one?.revision === other?.revision);

/** Of values that JSON can say. */
const isEqual = (one: unknown, other: unknown): boolean => {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) return isEqualList(one, other);
  const [left, right] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  for (const name of names) if (!isEqual(left[name], right[name])) return false;
  return true;
};

const isEqualList = (one: unknown, other: unknown): boolean => {
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (!isEqual(one[at], other[at])) return false;
  return true;
};

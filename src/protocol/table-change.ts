import type { EdgeAnswer, Generation, NameZone, Pool, Route } from '../model/index.ts';

/**
 * What makes the table `generation` of the table `base`, and nothing else. What is in `gone` leaves before what is in
 * `put` comes: whatever changes is in both. Everything that is open stays as it is: a table with another listener, name
 * server or report than the one before is published whole.
 */
export interface TableChange {
  readonly base: Generation;
  readonly generation: Generation;
  readonly pools: Replacement<string, Pool>;
  readonly routes: readonly RoutesChange[];
  readonly names: readonly RecordsChange[];
  /** undefined: as before, like all that follows. */
  readonly unknownHost?: EdgeAnswer;
  readonly trustedPeers?: readonly string[];
}

export interface Replacement<Key, Item> {
  readonly gone: readonly Key[];
  readonly put: readonly Item[];
}

/** Of one listener, by its id. */
export interface RoutesChange extends Replacement<RoutePlace, Route> {
  readonly listener: string;
}

export type RoutePlace = Pick<Route, 'host' | 'pathPrefix'>;

/** Of one name server. */
export interface RecordsChange extends Replacement<string, NameRecord> {
  readonly bind: NameZone['bind'];
}

export type NameRecord = readonly [name: string, addresses: readonly string[]];

/** One listener has one route for each of these: hosts come in any case, a prefix ends with its last segment. */
export const routeKey = ({ host, pathPrefix }: RoutePlace): string =>
  `${host.toLowerCase()}${pathPrefix.length > 1 && pathPrefix.endsWith('/') ? pathPrefix.slice(0, -1) : pathPrefix}`;

export const zoneKey = ({ bind }: Pick<NameZone, 'bind'>): string => `${bind.host}:${bind.port}`;

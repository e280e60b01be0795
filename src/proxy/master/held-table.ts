import type { Listener, NameZone, Pool, Route, RouteTable } from '../../model/index.ts';
import { routeKey, zoneKey } from '../../protocol/index.ts';
import type { RecordsChange, RoutePlace, TableChange } from '../../protocol/index.ts';

/**
 * The table that serves, by what its parts are called: a change costs as much as there is of it, however large the table
 * is. What is put in must have been checked. Its parts are never changed themselves, so whoever was given one may keep it.
 */
export class HeldTable {
  #rest: Omit<RouteTable, 'listeners' | 'pools' | 'names'>;
  readonly #listeners: ReadonlyMap<string, HeldListener>;
  readonly #pools: Map<string, Pool>;
  readonly #names: Map<string, NameZone>;
  /** How many routes and listeners lead to each pool. */
  readonly #uses = new Map<string, number>();

  constructor({ listeners, pools, names, ...rest }: RouteTable) {
    this.#rest = rest;
    this.#listeners = new Map(listeners.map((listener) => [listener.id, heldListener(listener)]));
    this.#pools = new Map(pools.map((pool) => [pool.id, pool]));
    this.#names = new Map(names.map((zone) => [zoneKey(zone), zone]));
    for (const pool of this.#usedPools()) this.#use(pool, 1);
  }

  get generation(): RouteTable['generation'] {
    return this.#rest.generation;
  }

  get names(): readonly NameZone[] {
    return [...this.#names.values()];
  }

  /** The whole of it; costs as much as there is. */
  get table(): RouteTable {
    const listeners = [...this.#listeners.values()].map(wholeListener);
    return { ...this.#rest, listeners, pools: [...this.#pools.values()], names: this.names };
  }

  kindOf(listener: string): Listener['kind'] | undefined {
    return this.#listeners.get(listener)?.listener.kind;
  }

  hasPool(id: string): boolean {
    return this.#pools.has(id);
  }

  uses(pool: string): number {
    return this.#uses.get(pool) ?? 0;
  }

  route(listener: string, place: RoutePlace): Route | undefined {
    return this.#listeners.get(listener)?.routes.get(routeKey(place));
  }

  /** By what `zoneKey` says. */
  zone(key: string): NameZone | undefined {
    return this.#names.get(key);
  }

  apply({ generation, pools, routes, names, unknownHost, trustedPeers }: TableChange): void {
    this.#rest = {
      ...this.#rest,
      generation,
      ...(unknownHost !== undefined && { unknownHost }),
      ...(trustedPeers !== undefined && { trustedPeers }),
    };
    for (const { listener, gone, put } of routes) {
      const held = this.#listeners.get(listener)?.routes ?? new Map<string, Route>();
      for (const place of gone) this.#takeRoute(held, routeKey(place));
      for (const route of put) {
        held.set(routeKey(route), route);
        this.#use(route.pool, 1);
      }
    }
    const stays = new Set(pools.put.map(({ id }) => id));
    for (const id of pools.gone) if (!stays.has(id)) this.#pools.delete(id);
    for (const pool of pools.put) this.#pools.set(pool.id, pool);
    for (const change of names) this.#changeNames(change);
  }

  #takeRoute(routes: Map<string, Route>, key: string): void {
    const route = routes.get(key);
    routes.delete(key);
    if (route !== undefined) this.#use(route.pool, -1);
  }

  /** A zone that changed is another one: whoever answers by the one before goes on until it is given this. */
  #changeNames({ bind, gone, put }: RecordsChange): void {
    const key = zoneKey({ bind });
    const zone = this.#names.get(key);
    if (zone === undefined) return;
    const left = new Set(gone);
    const stays = Object.entries(zone.records).filter(([name]) => !left.has(name));
    const records = Object.fromEntries([...stays, ...put]);
    this.#names.set(key, { ...zone, records });
  }

  *#usedPools(): Iterable<string> {
    for (const { listener, routes } of this.#listeners.values()) {
      if (listener.kind === 'tcp') yield listener.pool;
      for (const { pool } of routes.values()) yield pool;
    }
  }

  #use(pool: string, times: number): void {
    const uses = this.uses(pool) + times;
    if (uses === 0) this.#uses.delete(pool);
    else this.#uses.set(pool, uses);
  }
}

interface HeldListener {
  /** Without its routes. */
  readonly listener: Listener;
  readonly routes: Map<string, Route>;
}

const heldListener = (listener: Listener): HeldListener =>
  'routes' in listener
    ? {
        listener: { ...listener, routes: [] },
        routes: new Map(listener.routes.map((route) => [routeKey(route), route])),
      }
    : { listener, routes: new Map() };

const wholeListener = ({ listener, routes }: HeldListener): Listener =>
  'routes' in listener ? { ...listener, routes: [...routes.values()] } : listener;

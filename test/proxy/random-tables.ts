import fc from 'fast-check';
import type { Listener, Pool, ReplicaId, Route, RouteTable, Upstream } from '../../src/model/index.ts';
import { edge } from './rig.ts';

const hosts = ['a.test', 'b.test', '*.test', 'C.test', '*'];
const prefixes = ['/', '/x', '/x/y', '/z/'];
const names = ['p', 'q', 'r', 's'];

/** Everywhere that a route of these tables could lead from. */
export const places = ['a.test', 'b.test', 'c.test', 'd.test', 'elsewhere'].flatMap((host) =>
  ['/', '/x', '/x/1', '/x/y/1', '/z', '/other'].map((path) => ({ host, path })),
);

/** `ports`: where upstreams may be; one that is named again may have moved. */
export const randomTables = (ports: readonly number[]): fc.Arbitrary<readonly RouteTable[]> =>
  fc
    .array(randomTable(ports), { minLength: 2, maxLength: 8 })
    .map((tables) => tables.map((table, at) => ({ ...table, generation: at + 1 })));

const randomTable = (ports: readonly number[]): fc.Arbitrary<RouteTable> =>
  fc
    .record({
      pools: fc.uniqueArray(randomPool(ports), { selector: ({ id }) => id, minLength: 1, maxLength: names.length }),
      plain: randomRoutes,
      other: randomRoutes,
      tcp: fc.nat(),
      records: fc.dictionary(fc.constantFrom('one', 'two', 'three'), fc.constantFrom(['10.0.0.1'], ['10.0.0.2'], [])),
      trusted: fc.constantFrom(undefined, [], ['10.0.0.0/8']),
      status: fc.constantFrom(404, 410),
    })
    .map(({ pools, plain, other, tcp, records, trusted, status }) => ({
      generation: 0,
      listeners: [listener('http', plain, pools), listener('other', other, pools), tcpTo(pools, tcp)],
      pools,
      names: [{ bind: { host: '127.0.0.1', port: 5_399 }, subnet: '127.0.0.0/8', records }],
      unknownHost: { status, headers: {}, body: 'unknown' },
      ...(trusted !== undefined && { trustedPeers: trusted }),
    }));

type Choice = readonly [
  place: { readonly host: string; readonly pathPrefix: string },
  pool: number,
  isPreview: boolean,
];

const randomRoutes: fc.Arbitrary<readonly Choice[]> = fc.uniqueArray(
  fc.tuple(
    fc.record({ host: fc.constantFrom(...hosts), pathPrefix: fc.constantFrom(...prefixes) }),
    fc.nat(),
    fc.boolean(),
  ),
  { selector: ([{ host, pathPrefix }]) => `${host}${pathPrefix}`, maxLength: 8 },
);

const listener = (id: string, choices: readonly Choice[], pools: readonly Pool[]): Listener => ({
  kind: 'http',
  id,
  address: '127.0.0.1',
  port: 0,
  routes: choices.map(([place, pool, isPreview]): Route => {
    const to = { ...place, pool: pools[pool % pools.length]?.id ?? '' };
    return isPreview ? { ...to, revision: 2 } : to;
  }),
});

/** A tcp listener has no routes: where it leads to is a part of itself. */
const tcpTo = (pools: readonly Pool[], at: number): Listener => ({
  kind: 'tcp',
  id: 'tcp',
  address: '127.0.0.1',
  port: 0,
  pool: pools[at % 4]?.id ?? pools[0]?.id ?? '',
});

const randomPool = (ports: readonly number[]): fc.Arbitrary<Pool> =>
  fc
    .record({
      id: fc.constantFrom(...names),
      upstreams: fc.uniqueArray(randomUpstream(ports), { selector: ({ id }) => id, maxLength: 3 }),
      isSplit: fc.boolean(),
      affinity: fc.constantFrom(undefined, 'replica' as const, 'revision' as const),
    })
    .map(({ id, upstreams, isSplit, affinity }) => {
      const [first] = upstreams;
      const split = first && { shares: [{ revision: first.revision, percent: 100 }], matches: [] };
      return {
        id,
        upstreams,
        edge,
        ...(isSplit && split !== undefined && { split }),
        ...(affinity !== undefined && { affinity: { to: affinity, cookie: 'stay' } }),
      };
    });

const randomUpstream = (ports: readonly number[]): fc.Arbitrary<Upstream> =>
  fc
    .record({
      id: fc.constantFrom('1', '2', '3', '4'),
      revision: fc.constantFrom(1, 2),
      port: fc.constantFrom(...ports),
    })
    .map(({ id, revision, port }) => ({ id: id as ReplicaId, revision, address: { host: '127.0.0.1', port } }));

/** What two tables have in common that do the same, whatever order they name things in. */
export const effective = (table: RouteTable): unknown => ({
  ...table,
  trustedPeers: table.trustedPeers ?? [],
  pools: table.pools.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
  listeners: table.listeners.map((each) =>
    'routes' in each
      ? { ...each, routes: each.routes.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1)) }
      : each,
  ),
});

const keyOf = ({ host, pathPrefix }: Route): string => `${host}${pathPrefix}`;

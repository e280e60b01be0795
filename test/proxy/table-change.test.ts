import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReplicaId, RouteTable, Upstream } from '../../src/model/index.ts';
import type { TableChange } from '../../src/protocol/index.ts';
import { checkChange } from '../../src/proxy/master/change-check.ts';
import { HeldTable } from '../../src/proxy/master/held-table.ts';
import { tableFault } from '../../src/proxy/master/table-check.ts';
import type { FromWorker } from '../../src/proxy/messages.ts';
import type { Pool } from '../../src/proxy/worker/pool.ts';
import { Sweeper } from '../../src/proxy/worker/sweeper.ts';
import { Switchboard } from '../../src/proxy/worker/switchboard.ts';
import { Worker } from '../../src/proxy/worker/worker.ts';
import { changeBetween } from '../../src/traffic/table-change.ts';
import { edge } from './rig.ts';
import { effective, places, randomTables } from './random-tables.ts';

/** Forgets whom it dropped at once, as a worker does with those that carry nothing. */
const newSwitchboard = (): Switchboard => {
  const switchboard: Switchboard = new Switchboard({
    sweeper: new Sweeper(),
    countChanged: (upstream) => switchboard.upstreams.forgetEmpty(upstream),
  });
  return switchboard;
};

/** Everybody that a pool may choose, and what it sets beside. */
const wordsOf = (pool: Pool | undefined): unknown => {
  if (pool === undefined) return undefined;
  const seen = new Set<string>();
  const tried = new Set<ReturnType<Pool['choose']> & object>();
  for (let turn = 0; turn < 8; turn += 1) {
    const upstream = pool.choose(tried);
    if (upstream === undefined) break;
    tried.add(upstream);
    seen.add(`${upstream.id} ${upstream.revision} ${upstream.address.port} ${upstream.routed}`);
  }
  const placed = pool.division?.place('');
  const cookie = placed === undefined ? [] : [...tried].map((upstream) => placed.setCookie(upstream, pool.cookieScope));
  return { id: pool.id, members: [...seen].toSorted(), cookie: cookie.toSorted() };
};

const servedBy = (switchboard: Switchboard): unknown => ({
  generation: switchboard.generation,
  routes: ['http', 'other'].map((listener) =>
    places.map(({ host, path }) => wordsOf(switchboard.find(listener, host, path)?.pool)),
  ),
  tcp: wordsOf(switchboard.findTcp('tcp')?.pool),
  unknownHost: switchboard.unknownHost.status,
  trusts: switchboard.trustedPeers.has('10.1.2.3'),
  upstreams: switchboard.upstreams.inFlight(),
});

const change = (before: RouteTable, after: RouteTable): TableChange => {
  const found = changeBetween(before, after);
  if (found === undefined) throw new Error('it has to go whole');
  return found;
};

describe('tables one after the other', () => {
  it('come out the same by what changed and whole, in the master and in a worker', () => {
    let changes = 0;
    fc.assert(
      fc.property(randomTables([1, 2]), (tables) => {
        const [first] = tables;
        if (first === undefined) return;
        let held = new HeldTable(first);
        const byChange = newSwitchboard();
        byChange.apply(first);
        for (const [at, table] of tables.entries()) {
          if (at === 0) continue;
          const between = changeBetween(held.table, table);
          if (between === undefined) {
            held = new HeldTable(table);
            byChange.apply(table);
          } else {
            // As it comes over the wire.
            const received = JSON.parse(JSON.stringify(between)) as TableChange;
            expect(checkChange(received, held)).toMatchObject({ kind: 'good' });
            held.apply(received);
            byChange.change(received);
            changes += 1;
          }
          expect(tableFault(held.table)).toBeUndefined();
          expect(effective(held.table)).toEqual(effective(table));
          const whole = newSwitchboard();
          whole.apply(table);
          expect(servedBy(byChange)).toEqual(servedBy(whole));
        }
      }),
      { numRuns: 80 },
    );
    expect(changes).toBeGreaterThan(20);
  });
});

const replica = (id: string): Upstream => ({
  id: id as ReplicaId,
  revision: 1,
  address: { host: '127.0.0.1', port: 1 },
});

const base: RouteTable = {
  generation: 1,
  listeners: [
    {
      kind: 'http',
      id: 'http',
      address: '127.0.0.1',
      port: 0,
      routes: [
        { host: 'a.test', pathPrefix: '/', pool: 'a' },
        { host: 'b.test', pathPrefix: '/', pool: 'b' },
      ],
    },
  ],
  pools: [
    { id: 'a', edge, upstreams: [replica('a')] },
    { id: 'b', edge, upstreams: [replica('b')] },
  ],
  names: [{ bind: { host: '127.0.0.1', port: 5_399 }, subnet: '127.0.0.0/8', records: { a: ['10.0.0.1'] } }],
  unknownHost: edge.unknownHost,
};

const withRoutes = (...routes: { host: string; pathPrefix: string; pool: string }[]): RouteTable => ({
  ...base,
  generation: 2,
  listeners: base.listeners.map((each) => ('routes' in each ? { ...each, routes: [...each.routes, ...routes] } : each)),
});

describe('a change', () => {
  it('is as small as what changed', () => {
    const after = {
      ...base,
      generation: 2,
      pools: base.pools.map((pool) => ({ ...pool, upstreams: [...pool.upstreams] })),
    };
    after.pools[1]?.upstreams.push(replica('b2'));
    expect(change(base, after)).toEqual({
      base: 1,
      generation: 2,
      pools: { gone: ['b'], put: [after.pools[1]] },
      routes: [],
      names: [],
    });
  });

  it.each<[string, RouteTable]>([
    ['to an unknown pool', withRoutes({ host: 'c.test', pathPrefix: '/', pool: 'nobody' })],
    ['to a bad host', withRoutes({ host: 'c test', pathPrefix: '/', pool: 'a' })],
    ['by a bad prefix', withRoutes({ host: 'c.test', pathPrefix: 'x', pool: 'a' })],
    ['there already', withRoutes({ host: 'A.test', pathPrefix: '/', pool: 'b' })],
    [
      'there twice',
      withRoutes({ host: 'c.test', pathPrefix: '/x', pool: 'a' }, { host: 'c.test', pathPrefix: '/x/', pool: 'b' }),
    ],
    ['whose pool leaves', { ...base, generation: 2, pools: base.pools.slice(0, 1) }],
    ['to a pool that is there twice', { ...base, generation: 2, pools: [...base.pools, ...base.pools.slice(1)] }],
    [
      'to a pool with a bad upstream',
      {
        ...base,
        generation: 2,
        pools: [...base.pools, { id: 'c', edge, upstreams: [{ ...replica('c'), address: { host: '', port: 1 } }] }],
      },
    ],
    [
      'beside a name without IPv4',
      {
        ...base,
        generation: 2,
        names: base.names.map((zone) => ({ ...zone, records: { ...zone.records, b: ['::1'] } })),
      },
    ],
    ['beside trusted peers that are none', { ...base, generation: 2, trustedPeers: ['everybody'] }],
    ['in an older table', { ...base, generation: 0 }],
    [
      'beside an answer that breaks framing',
      { ...base, generation: 2, unknownHost: { ...edge.unknownHost, headers: { 'Content-Length': '1' } } },
    ],
  ])('with a route %s is refused for the reason that the whole table is refused for', (_what, after) => {
    const held = new HeldTable(base);
    const reason = tableFault(after) ?? 'generation 0 is older than 1, which serves';
    expect(checkChange(change(base, after), held)).toEqual({ kind: 'bad', reason });
    expect(held.table).toEqual(base);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['half a change', { base: 1 }],
    ['pools that are none', { base: 1, generation: 2, pools: { gone: [], put: [null] }, routes: [], names: [] }],
    ['no generation', { base: 1, pools: { gone: [], put: [] }, routes: [], names: [] }],
  ])('that is %s is refused', (_what, value) => {
    expect(checkChange(value, new HeldTable(base))).toMatchObject({
      kind: 'bad',
      reason: expect.stringContaining('not a change of a route table') as string,
    });
  });

  it.each<[string, Partial<TableChange>]>([
    ['another base', { base: 7 }],
    ['a pool that is not there', { pools: { gone: ['c'], put: [] } }],
    [
      'a route that is not there',
      { routes: [{ listener: 'http', gone: [{ host: 'c.test', pathPrefix: '/' }], put: [] }] },
    ],
    ['a listener that is not there', { routes: [{ listener: 'https', gone: [], put: [] }] }],
    ['a name that is not there', { names: [{ bind: { host: '127.0.0.1', port: 5_399 }, gone: ['b'], put: [] }] }],
  ])('of %s wants the whole table', (_what, part) => {
    const value = { base: 1, generation: 2, pools: { gone: [], put: [] }, routes: [], names: [], ...part };
    expect(checkChange(value, new HeldTable(base))).toEqual({ kind: 'misfit' });
  });

  it.each<[string, RouteTable]>([
    ['listener', { ...base, listeners: base.listeners.map((each) => ({ ...each, port: 1 })) }],
    ['name server', { ...base, names: [] }],
    ['report', { ...base, reports: { accessLog: '-' } }],
  ])('to another %s is none: that table goes whole', (_what, after) => {
    expect(changeBetween(base, after)).toBeUndefined();
  });

  it('of another table than the worker serves is answered with the wish for the whole', async () => {
    const said: FromWorker[] = [];
    const worker = new Worker({ send: (message) => said.push(message), finished: () => undefined }, 1);
    const next = change(base, { ...base, generation: 2 });
    await worker.receive({ kind: 'change', call: 1, change: next }, undefined);
    await worker.receive({ kind: 'apply', call: 2, table: base }, undefined);
    await worker.receive({ kind: 'change', call: 3, change: next }, undefined);
    expect(said).toEqual([
      { kind: 'answer', call: 1, result: { kind: 'table-needed' } },
      { kind: 'answer', call: 2, result: { kind: 'done' } },
      { kind: 'answer', call: 3, result: { kind: 'done' } },
    ]);
  });
});

import { expect, it } from 'vitest';
import { TrafficLedger } from '../../src/control/traffic-ledger.ts';
import type { RequestOutcome, RequestRecord } from '../../src/model/index.ts';

const record = (at: number, durationMs: number, outcome: RequestOutcome = 'ok', revision = 1): RequestRecord => ({
  at,
  requestId: 'r',
  pool: 'p/production/web',
  generation: 1,
  revision,
  replica: undefined,
  method: 'GET',
  path: '/',
  status: outcome === 'ok' ? 200 : 500,
  bytesIn: 0,
  bytesOut: 0,
  durationMs,
  outcome,
});

const all = (): boolean => true;
const pool = 'p/production/web';

it('counts requests and failures per revision, and knows how long all but the slowest took', () => {
  const ledger = new TrafficLedger();
  const calls = Array.from({ length: 100 }, (_, index) => record(10_000, index < 94 ? 20 : index < 98 ? 200 : 900));
  ledger.note([...calls, record(10_500, 5, 'app-error', 2), record(10_500, 5, 'ok', 2)], all);
  const [old, fresh] = ledger.since(pool, 0);
  expect(old).toMatchObject({ revision: 1, requests: 100, failed: 0 });
  expect(old?.p95Ms).toBeGreaterThan(190);
  expect(old?.p95Ms).toBeLessThan(210);
  expect(old?.p99Ms).toBeGreaterThan(860);
  expect(old?.p99Ms).toBeLessThan(940);
  expect(fresh).toMatchObject({ revision: 2, requests: 2, failed: 1 });
});

it('forgets what happened before the time that is asked about, and after a quarter of an hour everything', () => {
  const ledger = new TrafficLedger();
  ledger.note([record(1000, 1, 'app-error'), record(61_000, 1)], all);
  expect(ledger.since(pool, 60_000)).toMatchObject([{ requests: 1, failed: 0 }]);
  for (let minute = 2; minute < 40; minute += 1) ledger.note([record(minute * 60_000, 1)], all);
  expect(ledger.since(pool, 0)[0]?.requests).toBeLessThanOrEqual(17);
});

it('leaves out what says nothing about the version: who went away, what a drain ended, tunnels', () => {
  const ledger = new TrafficLedger();
  ledger.note(
    [record(1000, 1, 'client-gone'), record(1000, 1, 'cut-by-drain'), { ...record(1000, 1), status: 101 }],
    all,
  );
  expect(ledger.since(pool, 0)).toEqual([]);
});

it('holds against a version what it did itself, not what our own limits answered', () => {
  const ledger = new TrafficLedger();
  const ours: readonly RequestOutcome[] = ['too-large', 'bad-request', 'overloaded'];
  ledger.note(
    ours.map((outcome) => record(1000, 60_000, outcome)),
    all,
  );
  expect(ledger.since(pool, 0)).toEqual([]);
  ledger.note([record(1000, 5), record(1000, 60_000, 'response-timeout')], all);
  expect(ledger.since(pool, 0)).toMatchObject([{ requests: 2, failed: 1 }]);
});

it('holds against a version what another one had to answer, because it took no connection', () => {
  const ledger = new TrafficLedger();
  const instead = Array.from({ length: 3 }, () => ({ ...record(1000, 5), passedOver: 2 }));
  const ended: RequestRecord = { ...record(1000, 5, 'client-gone'), passedOver: 2 };
  expect([...ledger.note([...instead, ended], all)]).toEqual([pool]);
  expect(ledger.since(pool, 0)).toMatchObject([
    { revision: 1, requests: 3, failed: 0 },
    { revision: 2, requests: 4, failed: 4 },
  ]);
});

it('keeps nothing of pools that nobody judges, and says of which ones there is news', () => {
  const ledger = new TrafficLedger();
  expect([...ledger.note([record(1000, 1)], () => false)]).toEqual([]);
  expect([...ledger.note([record(1000, 1)], all)]).toEqual([pool]);
  ledger.forget(pool);
  expect(ledger.since(pool, 0)).toEqual([]);
});

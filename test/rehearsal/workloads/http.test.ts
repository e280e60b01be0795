import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRunClock } from '../../../src/rehearsal/run-clock.ts';
import { httpDriver } from '../../../src/rehearsal/workloads/http.ts';
import type { RunningWorkload, WorkloadOf } from '../../../src/rehearsal/workloads/workload.ts';
import { MisbehavingApp, until } from '../stage/misbehaving-app.ts';
import type { Behaviour } from '../stage/misbehaving-app.ts';

let app: MisbehavingApp;

beforeEach(async () => {
  app = await MisbehavingApp.start();
});
afterEach(() => app.close());

const calls = (override: Partial<WorkloadOf<'http'>> = {}): WorkloadOf<'http'> => ({
  kind: 'http',
  name: 'calls',
  host: 'app.localhost',
  path: '/',
  method: 'GET',
  headers: {},
  ratePerSecond: 200,
  timeoutSeconds: 30,
  ...override,
});

const spans = [{ name: 'before', start: 0, end: 60_000 }];

/** Runs the load until `enough`, and gives what came of it. */
const underLoad = async (workload: WorkloadOf<'http'>, enough: (running: RunningWorkload) => Promise<void>) => {
  const driver = httpDriver(workload, app.address);
  const clock = startRunClock();
  const running = driver.start(clock);
  await enough(running);
  await running.finish();
  const result = running.result(spans, clock.now());
  await driver.destroy();
  return result;
};

test('a healthy server loses nothing and is asked for under the name users use', async () => {
  const result = await underLoad(calls(), (running) => until(() => running.counts().ok >= 50));
  expect(result).toMatchObject({ kind: 'http', failed: 0, failures: {}, failuresByPhase: {}, longestOutageMs: 0 });
  expect(result.sent).toBe(result.ok);
  expect(result.latencyMs.p50).toBeGreaterThan(0);
  expect(app.hosts).toEqual(new Set(['app.localhost']));
});

test.each<[Behaviour, string]>([
  ['status-502', '502'],
  ['status-404', '404'],
  ['reset', 'reset'],
  ['truncate', 'truncated'],
  ['short-body', 'truncated'],
])('%s is counted as %s, each one, with no hidden retry', async (behaviour, cause) => {
  app.behaviour = behaviour;
  const result = await underLoad(calls(), (running) => until(() => running.counts().failed >= 10));
  expect(result.failures).toEqual({ [cause]: result.sent });
  expect(result.failuresByPhase).toEqual({ before: result.sent });
  expect(result.ok).toBe(0);
  expect(app.requests).toBe(result.sent);
});

test('a redirect is an answer like any other', async () => {
  app.behaviour = 'redirect';
  const result = await underLoad(calls(), (running) => until(() => running.counts().ok >= 5));
  expect(result.failed).toBe(0);
});

test('a closed port is refused, and the load finds the server when it is back', async () => {
  const { address } = app;
  await app.close();
  const driver = httpDriver(calls(), address);
  const clock = startRunClock();
  const running = driver.start(clock);
  await until(() => running.counts().failed >= 5);
  app = await MisbehavingApp.start();
  await running.finish();
  await driver.destroy();
  const result = running.result(spans, clock.now());
  expect(Object.keys(result.failures)).toEqual(['refused']);
  expect(result.longestOutageMs).toBeGreaterThan(0);
});

test('a server that hangs does not lower the send rate, and what waits in vain is a timeout', async () => {
  app.behaviour = 'hang';
  const result = await underLoad(calls({ ratePerSecond: 100, timeoutSeconds: 2 }), (running) =>
    until(() => running.counts().sent >= 100),
  );
  expect(result.sent).toBeGreaterThanOrEqual(100);
  expect(result.failures).toEqual({ timeout: result.sent });
  expect(app.requests).toBe(result.sent);
});

test('an outage lasts from the first lost request to the next good one', async () => {
  const result = await underLoad(calls(), async (running) => {
    await until(() => running.counts().ok >= 20);
    app.behaviour = 'status-502';
    await until(() => running.counts().failed >= 20);
    app.behaviour = 'ok';
    const before = running.counts().ok;
    await until(() => running.counts().ok >= before + 20);
  });
  expect(result.failed).toBeGreaterThanOrEqual(20);
  expect(result.sent).toBe(result.ok + result.failed);
  expect(result.longestOutageMs).toBeGreaterThanOrEqual(90);
  expect(result.timeline.failed.reduce((sum, count) => sum + count, 0)).toBe(result.failed);
  expect(result.timeline.ok.reduce((sum, count) => sum + count, 0)).toBe(result.ok);
});

test('connections are kept and used again', async () => {
  const result = await underLoad(calls(), (running) => until(() => running.counts().ok >= 100));
  expect(app.connections).toBeLessThan(result.sent);
});

test('a post carries its body and headers', async () => {
  const workload = calls({ method: 'POST', path: '/jobs', body: '{"a":1}', headers: { 'x-a': 'b' } });
  const result = await underLoad(workload, (running) => until(() => running.counts().ok >= 5));
  expect(result.failed).toBe(0);
  expect(app.lastPost).toEqual({ body: '{"a":1}', mark: 'b' });
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WorkloadResult } from '../../../src/model/index.ts';
import { startRunClock } from '../../../src/rehearsal/run-clock.ts';
import { jobsDriver } from '../../../src/rehearsal/workloads/jobs.ts';
import type { RunningWorkload, WorkloadOf } from '../../../src/rehearsal/workloads/workload.ts';
import { MisbehavingApp, until } from '../stage/misbehaving-app.ts';

let app: MisbehavingApp;

beforeEach(async () => {
  app = await MisbehavingApp.start();
});
afterEach(() => app.close());

const workload: WorkloadOf<'jobs'> = {
  kind: 'jobs',
  name: 'work',
  host: 'app.localhost',
  enqueue: { method: 'POST', path: '/jobs', body: '{"duration":1}' },
  status: { path: '/jobs/{id}' },
  ratePerSecond: 50,
  done: ['done'],
  failed: ['failed'],
  timeoutSeconds: 30,
};

const spans = [{ name: 'before', start: 0, end: 60_000 }];

const withJobs = async (
  act: (running: RunningWorkload) => Promise<void>,
  override: Partial<WorkloadOf<'jobs'>> = {},
): Promise<WorkloadResult> => {
  const driver = jobsDriver({ ...workload, ...override }, app.address);
  const clock = startRunClock();
  const running = driver.start(clock);
  await act(running);
  await running.finish();
  const result = running.result(spans, clock.now());
  await driver.destroy();
  return result;
};

test('jobs are enqueued and followed to their end', async () => {
  const result = await withJobs((running) => until(() => running.counts().ok >= 5));
  expect(app.lastPost?.body).toBe('{"duration":1}');
  expect(result.failed).toBe(0);
  expect(result.jobs).toMatchObject({ enqueued: result.sent, done: result.sent, failed: 0, abandoned: 0 });
});

test('a job that the app gave up is failed, not abandoned', async () => {
  app.jobsEnd = 'failed';
  const result = await withJobs((running) => until(() => running.counts().sent >= 5));
  expect(result.jobs).toMatchObject({ failed: result.sent, done: 0, abandoned: 0 });
});

test('a job that stays in between is abandoned when its time is up', async () => {
  app.jobsEnd = 'never';
  const result = await withJobs((running) => until(() => running.counts().failed >= 5), { timeoutSeconds: 2 });
  expect(result.jobs).toMatchObject({ abandoned: result.sent, abandonedByPhase: { before: result.sent } });
  expect(result.failed).toBe(0);
  expect(result.timeline.failed.reduce((sum, count) => sum + count, 0)).toBe(result.sent);
});

test('what is not accepted is a failed request; a job under way outlives an outage of the front', async () => {
  const result = await withJobs(
    async (running) => {
      await until(() => running.counts().sent >= 1);
      app.behaviour = 'status-502';
      await until(() => running.counts().failed >= 5);
      app.behaviour = 'ok';
      await until(() => running.counts().ok >= 3);
    },
    { ratePerSecond: 10 },
  );
  expect(result.failures).toEqual({ '502': result.failed });
  expect(result.failed).toBeGreaterThanOrEqual(5);
  expect(result.jobs).toMatchObject({ enqueued: result.ok, done: result.ok, abandoned: 0 });
});

test('an answer without an id is no accepted job', async () => {
  const result = await withJobs((running) => until(() => running.counts().failed >= 3), {
    enqueue: { method: 'GET', path: '/plain' },
  });
  expect(result.failures).toEqual({ 'no-id': result.sent });
});

test('the queue is steady when a job gets done, and says why not', async () => {
  const driver = jobsDriver({ ...workload, timeoutSeconds: 2 }, app.address);
  const { signal } = new AbortController();
  expect(await driver.tryOnce(signal)).toBeUndefined();
  app.jobsEnd = 'never';
  expect(await driver.tryOnce(signal)).toBe('job 2 of app.localhost/jobs was abandoned');
  app.behaviour = 'status-404';
  expect(await driver.tryOnce(signal)).toBe('POST app.localhost/jobs: 404');
  await driver.destroy();
});

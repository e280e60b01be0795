import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WorkloadResult } from '../../../src/model/index.ts';
import { startRunClock } from '../../../src/rehearsal/run-clock.ts';
import { sseDriver } from '../../../src/rehearsal/workloads/sse.ts';
import type { RunningWorkload, WorkloadOf } from '../../../src/rehearsal/workloads/workload.ts';
import { MisbehavingApp, until } from '../stage/misbehaving-app.ts';

let app: MisbehavingApp;

beforeEach(async () => {
  app = await MisbehavingApp.start();
});
afterEach(() => app.close());

const workload: WorkloadOf<'sse'> = {
  kind: 'sse',
  name: 'progress',
  host: 'app.localhost',
  path: '/events',
  connections: 3,
  silenceSeconds: 60,
};

const spans = [{ name: 'before', start: 0, end: 60_000 }];

const withStreams = async (
  act: (running: RunningWorkload, streams: () => NonNullable<WorkloadResult['streams']>) => Promise<void>,
  override: Partial<WorkloadOf<'sse'>> = {},
): Promise<WorkloadResult> => {
  const driver = sseDriver({ ...workload, ...override }, app.address);
  const clock = startRunClock();
  const running = driver.start(clock);
  await act(running, () => {
    const { streams } = running.result(spans, clock.now());
    if (streams === undefined) throw new Error('a result without streams');
    return streams;
  });
  await running.finish();
  const result = running.result(spans, clock.now());
  await driver.destroy();
  return result;
};

/** All streams are open and have had enough events for their ids to be trusted. */
const settled = async (): Promise<void> => {
  await until(() => app.openStreams === workload.connections);
  for (let count = 0; count < 4; count += 1) app.emit();
};

/** Every stream has come back `times` times in all. */
const returned = (times: number): Promise<void> =>
  until(
    () => app.lastEventIds.length === workload.connections * (times + 1) && app.openStreams === workload.connections,
  );

test('streams that stay open lose nothing', async () => {
  const result = await withStreams(async () => {
    await settled();
    app.emit();
  });
  expect(result).toMatchObject({
    kind: 'sse',
    sent: 3,
    ok: 3,
    failed: 0,
    longestOutageMs: 0,
    streams: { opened: 3, dropped: 0, resumed: 0, eventsLost: 0 },
  });
});

test('streams that end cleanly come back with Last-Event-ID and go on: resumed, not dropped', async () => {
  const result = await withStreams(async (_, streams) => {
    await settled();
    app.endStreams();
    await until(() => app.openStreams === 0);
    app.emit();
    app.emit();
    await until(() => streams().resumed === 3);
  });
  expect(app.lastEventIds.slice(3)).toEqual(['4', '4', '4']);
  expect(result.streams).toMatchObject({ opened: 6, dropped: 0, resumed: 3, eventsLost: 0 });
  expect(result).toMatchObject({ sent: 6, ok: 6, failed: 0, longestOutageMs: 0 });
  expect(result.streams?.longestGapMs).toBeGreaterThanOrEqual(20);
});

test('streams that are cut are dropped, even when they lose no event', async () => {
  const result = await withStreams(async () => {
    await settled();
    app.cutStreams();
    await until(() => app.openStreams === 0);
    await returned(1);
    app.emit();
  });
  expect(result.streams).toMatchObject({ dropped: 3, resumed: 0, eventsLost: 0, droppedByPhase: { before: 3 } });
  expect(result.failures).toEqual({ truncated: 3 });
  expect(result.longestOutageMs).toBeGreaterThan(0);
});

test('an error on the way back makes a drop of a clean end: one per stream, however often it is tried', async () => {
  const result = await withStreams(async (running) => {
    await settled();
    app.streamStatus = 502;
    app.endStreams();
    await until(() => running.counts().failed >= 9);
    app.streamStatus = 200;
    await until(() => app.openStreams === 3);
    app.emit();
  });
  expect(result.streams).toMatchObject({ dropped: 3, resumed: 0 });
  expect(Object.keys(result.failures)).toEqual(['502']);
  expect(result.failed).toBeGreaterThanOrEqual(9);
  expect(result.sent).toBe(result.ok + result.failed);
  expect(result.longestOutageMs).toBeGreaterThan(0);
  expect(Math.max(...result.timeline.failed)).toBe(3);
});

test('events missing after the return are counted and make it a drop', async () => {
  const result = await withStreams(async (_, streams) => {
    await settled();
    app.resumes = false;
    app.endStreams();
    await until(() => app.openStreams === 0);
    app.skip(5);
    await returned(1);
    app.emit();
    await until(() => streams().eventsLost === 15);
  });
  expect(result.streams).toMatchObject({ dropped: 3, resumed: 0, eventsLost: 15 });
  expect(result.failures).toEqual({ 'lost-events': 3 });
});

test('a loss within a connection counts too, once', async () => {
  const result = await withStreams(async (_, streams) => {
    await settled();
    app.skip(2);
    app.emit();
    app.emit();
    app.endStreams();
    await returned(1);
    app.emit();
    await until(() => streams().resumed === 3);
  });
  expect(result.streams).toMatchObject({ dropped: 3, resumed: 3, eventsLost: 6 });
});

test('a silent stream is a dropped one; a comment now and then is not silence', async () => {
  const quiet = await withStreams((running) => until(() => running.counts().failed >= 3), { silenceSeconds: 1 });
  expect(quiet.failures['silent']).toBeGreaterThanOrEqual(3);
  expect(quiet.streams?.dropped).toBeGreaterThanOrEqual(3);

  const talking = setInterval(() => app.comment(), 50);
  const opened = app.lastEventIds.length;
  const result = await withStreams(
    async () => {
      await until(() => app.lastEventIds.length === opened + 3);
      await new Promise((resolve) => {
        setTimeout(resolve, 2200);
      });
    },
    { silenceSeconds: 1.5 },
  );
  clearInterval(talking);
  expect(result.streams).toMatchObject({ opened: 3, dropped: 0 });
});

test('a page instead of a stream is a failure', async () => {
  app.streamType = 'text/html';
  const result = await withStreams((running) => until(() => running.counts().sent >= 3), { silenceSeconds: 2 });
  expect(Object.keys(result.failures)).toEqual(['not-a-stream']);
  expect(result.streams).toMatchObject({ opened: 0, dropped: 3 });
});

test('204 means: do not come back', async () => {
  app.streamStatus = 204;
  const result = await withStreams(() => until(() => app.requests === 3));
  expect(result).toMatchObject({ sent: 3, failed: 0, streams: { dropped: 0 } });
});

test('a service that is away is refused, and the streams find it when it is back', async () => {
  const { address } = app;
  await app.close();
  const driver = sseDriver(workload, address);
  const clock = startRunClock();
  const running = driver.start(clock);
  await until(() => running.counts().failed >= 3);
  await running.finish();
  await driver.destroy();
  app = await MisbehavingApp.start();
  const result = running.result(spans, clock.now());
  expect(result.failures).toEqual({ refused: result.failed });
  expect(result.streams).toMatchObject({ opened: 0, dropped: 3 });
});

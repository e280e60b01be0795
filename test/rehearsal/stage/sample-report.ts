import type { PhaseSpan, RehearsalReport, Timeline, VariantRun, WorkloadResult } from '../../../src/model/index.ts';

const runMs = 30_000;
const buckets = runMs / 250;

/** Constant load, of which what falls between `from` and `to` fails. */
const timeline = (perBucket: number, outage?: { readonly from: number; readonly to: number }): Timeline => {
  const isDown = (index: number): boolean =>
    outage !== undefined && index * 250 >= outage.from && index * 250 < outage.to;
  const indexes = Array.from({ length: buckets }, (_, index) => index);
  return {
    bucketMs: 250,
    ok: indexes.map((index) => (isDown(index) ? 0 : perBucket)),
    failed: indexes.map((index) => (isDown(index) ? perBucket : 0)),
  };
};

const goodCalls: WorkloadResult = {
  kind: 'http',
  sent: 6000,
  ok: 6000,
  failed: 0,
  failures: {},
  failuresByPhase: {},
  latencyMs: { p50: 1.4, p99: 6.2, max: 31 },
  longestOutageMs: 0,
  timeline: timeline(50),
};

const goodStreams: WorkloadResult = {
  ...goodCalls,
  kind: 'sse',
  sent: 40,
  ok: 40,
  latencyMs: { p50: 2.1, p99: 9.8, max: 9.8 },
  streams: { opened: 40, dropped: 0, droppedByPhase: {}, resumed: 20, eventsLost: 0, longestGapMs: 731 },
  timeline: timeline(20),
};

const goodJobs: WorkloadResult = {
  ...goodCalls,
  kind: 'jobs',
  sent: 60,
  ok: 60,
  latencyMs: { p50: 3.3, p99: 12, max: 12 },
  jobs: { enqueued: 60, done: 60, failed: 0, abandoned: 0, abandonedByPhase: {} },
  timeline: timeline(1),
};

const phases = (service: readonly (readonly [string, number, number])[]): readonly PhaseSpan[] => [
  { name: 'before', start: 0, end: 5000 },
  { name: 'deploy', start: 5000, end: 18_000 },
  { name: 'after', start: 18_000, end: runMs },
  ...service.map(([name, start, end]) => ({ name, service: 'api', start, end })),
];

const budgetNames = ['failedRequests', 'longestOutageMs', 'droppedStreams', 'abandonedJobs'] as const;
const budgets = (actuals: readonly number[]): VariantRun['budgets'] =>
  budgetNames.map((name, index) => {
    const actual = actuals[index] ?? 0;
    return { name, limit: 0, actual, ok: actual === 0 };
  });

const outage = { from: 8000, to: 14_250 };

const stopStart: VariantRun = {
  variant: 'railway-stop-start',
  verdict: 'fail',
  deploy: { result: 'completed', durationMs: 13_000 },
  phases: phases([
    ['waiting', 5000, 5100],
    ['building', 5100, 8000],
    ['replacing', 8000, 14_200],
    ['retiring', 14_200, 18_000],
  ]),
  workloads: {
    calls: {
      ...goodCalls,
      ok: 4750,
      failed: 1250,
      failures: { '502': 1238, reset: 12 },
      failuresByPhase: { 'api replacing': 1248, 'api building': 2 },
      longestOutageMs: 6240,
      timeline: timeline(50, outage),
    },
    progress: {
      ...goodStreams,
      sent: 280,
      ok: 20,
      failed: 260,
      failures: { '502': 240, truncated: 20 },
      failuresByPhase: { 'api replacing': 260 },
      longestOutageMs: 6301,
      streams: {
        opened: 40,
        dropped: 20,
        droppedByPhase: { 'api replacing': 20 },
        resumed: 0,
        eventsLost: 7,
        longestGapMs: 6912,
      },
      timeline: timeline(20, outage),
    },
    work: {
      ...goodJobs,
      ok: 47,
      failed: 13,
      failures: { '502': 13 },
      failuresByPhase: { 'api replacing': 13 },
      longestOutageMs: 6000,
      jobs: { enqueued: 47, done: 44, failed: 0, abandoned: 3, abandonedByPhase: { before: 2, 'api building': 1 } },
      timeline: timeline(1, outage),
    },
  },
  budgets: budgets([1263, 6301, 20, 3]),
};

const railway: VariantRun = {
  variant: 'railway',
  verdict: 'fail',
  deploy: { result: 'failed', durationMs: 13_000, message: 'api: "GET /health" <timed out> & gave up | exit 1' },
  phases: phases([
    ['building', 5000, 8000],
    ['replacing', 8000, 18_000],
  ]),
  workloads: {
    calls: {
      ...goodCalls,
      ok: 5999,
      failed: 1,
      failures: { reset: 1 },
      failuresByPhase: { 'api replacing': 1 },
      longestOutageMs: 5,
      timeline: { ...goodCalls.timeline, failed: goodCalls.timeline.failed.map((_, index) => (index === 50 ? 1 : 0)) },
    },
    progress: goodStreams,
    work: goodJobs,
  },
  budgets: budgets([1, 5]),
};

const pointsman: VariantRun = {
  variant: 'pointsman',
  verdict: 'pass',
  deploy: { result: 'completed', durationMs: 13_000 },
  phases: phases([
    ['building', 5000, 8000],
    ['replacing', 8000, 11_000],
    ['retiring', 11_000, 18_000],
  ]),
  workloads: { calls: goodCalls, progress: goodStreams, work: goodJobs },
  budgets: budgets([]),
};

export const sampleReport: RehearsalReport = {
  version: 1,
  rehearsal: 'api-deploy',
  project: 'quickstart',
  engine: 'process',
  startedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  verdict: 'pass',
  runs: [stopStart, railway, pointsman],
};

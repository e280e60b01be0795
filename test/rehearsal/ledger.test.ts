import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ledger } from '../../src/rehearsal/ledger.ts';
import { longestOutage, longestStreamOutage } from '../../src/rehearsal/outage.ts';
import type { Sample } from '../../src/rehearsal/sample.ts';

const ok = (start: number, took = 1): Sample => ({ start, end: start + took, cause: undefined });
const bad = (start: number, cause = '502'): Sample => ({ start, end: start + 1, cause });

const spans = [
  { name: 'before', start: 0, end: 100 },
  { name: 'deploy', start: 100, end: 300 },
  { name: 'after', start: 300, end: 400 },
  { name: 'replacing', service: 'api', start: 120, end: 250 },
];

const sum = (counts: Readonly<Record<string, number>> | readonly number[]): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

const resultOf = (samples: readonly Sample[], end = 400) => {
  const ledger = new Ledger();
  for (const sample of samples) ledger.add(sample);
  return ledger.result(spans, end);
};

test.each([
  ['nothing sent', [], 0],
  ['all good', [ok(0), ok(10), ok(20)], 0],
  ['one lost: until the next good one', [ok(0), bad(10), ok(20)], 10],
  ['a good one between ends it', [bad(10), ok(20), bad(30), bad(50), ok(60)], 30],
  ['never back: to the end of the load', [ok(0), bad(300)], 100],
  ['by start, not by the order of the ends', [ok(30), bad(10), bad(20), ok(0)], 20],
])('longest outage: %s', (_, samples, expected) => {
  expect(longestOutage(samples, 400)).toBe(expected);
});

test.each([
  [
    'one stream after another, nothing broke',
    [
      { start: 0, end: 100 },
      { start: 150, end: 400 },
    ],
    [],
    0,
  ],
  [
    'broke, and came back',
    [
      { start: 0, end: 100 },
      { start: 150, end: 400 },
    ],
    [100],
    50,
  ],
  [
    'clean end, then errors on the way back',
    [
      { start: 0, end: 100 },
      { start: 190, end: 400 },
    ],
    [130, 160],
    60,
  ],
  [
    'another stream stayed open',
    [
      { start: 0, end: 100 },
      { start: 0, end: 400 },
      { start: 150, end: 400 },
    ],
    [100],
    0,
  ],
  ['never came back', [{ start: 0, end: 100 }], [100], 300],
  ['never opened', [], [5, 10], 395],
])('longest outage of streams: %s', (_, open, failures, expected) => {
  expect(longestStreamOutage(open, failures, 400)).toBe(expected);
});

test('counts by cause and by the phase in which each began', () => {
  const result = resultOf([
    ok(10),
    bad(50),
    bad(110, 'reset'),
    bad(130),
    bad(240),
    bad(260),
    bad(350, 'timeout'),
    bad(401),
  ]);
  expect(result).toMatchObject({ sent: 8, ok: 1, failed: 7, failures: { '502': 5, reset: 1, timeout: 1 } });
  expect(result.failuresByPhase).toEqual({ before: 1, deploy: 2, 'api replacing': 2, after: 2 });
});

test('latency is that of what succeeded, to three digits', () => {
  const result = resultOf([
    ...Array.from({ length: 99 }, (_, index) => ok(index, 10)),
    ok(100, 200),
    { ...bad(5), end: 5000 },
  ]);
  expect(result.latencyMs).toEqual({ p50: 10, p99: 10, max: 200 });
  expect(resultOf([bad(1)]).latencyMs).toEqual({ p50: 0, p99: 0, max: 0 });
});

test('the time line has a bucket for every quarter of a second', () => {
  const { timeline } = resultOf([ok(0), ok(249), bad(250), ok(999), ok(1001)], 1000);
  expect(timeline).toEqual({ bucketMs: 250, ok: [2, 0, 0, 2], failed: [0, 1, 0, 0] });
});

test('nothing is counted twice or forgotten, and no outage is longer than the run', () => {
  const sample = fc.record({
    start: fc.integer({ min: 0, max: 400 }),
    end: fc.integer({ min: 400, max: 900 }),
    cause: fc.option(fc.constantFrom('502', 'reset', 'timeout'), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(sample), (samples) => {
      const result = resultOf(samples);
      expect(result.sent).toBe(samples.length);
      expect(result.ok + result.failed).toBe(result.sent);
      expect(sum(result.failures)).toBe(result.failed);
      expect(sum(result.failuresByPhase)).toBe(result.failed);
      expect(sum(result.timeline.ok)).toBe(result.ok);
      expect(sum(result.timeline.failed)).toBe(result.failed);
      expect(result.longestOutageMs).toBeGreaterThanOrEqual(0);
      expect(result.longestOutageMs).toBeLessThanOrEqual(400);
      const { p50, p99, max } = result.latencyMs;
      expect(p50).toBeLessThanOrEqual(p99);
      expect(p99).toBeLessThanOrEqual(max);
      if (result.failed === 0) expect(result.longestOutageMs).toBe(0);
    }),
  );
});

import { expect, test } from 'vitest';
import { rolloutId, serviceName } from '../../src/model/index.ts';
import type { Rollout, RolloutPhase } from '../../src/model/index.ts';
import { phaseAt, phaseSpans } from '../../src/rehearsal/phases.ts';

const clock = { now: () => 0, fromInstant: (instant: number) => instant - 1_000_000 };
const times = { deployStart: 1000, deployEnd: 9000, end: 12_000 };

const rollout = (service: string, history: readonly (readonly [RolloutPhase, number])[]): Rollout => ({
  id: rolloutId(`${service}-1`),
  service: serviceName(service),
  from: 1,
  to: 2,
  phase: history.at(-1)?.[0] ?? 'waiting',
  startedAt: 1_001_000,
  history: history.map(([phase, at]) => ({ phase, at: 1_000_000 + at })),
  deployId: 'd1',
});

test('each phase lasts until the next is entered; an end is no phase', () => {
  const history = [
    ['waiting', 1100],
    ['replacing', 2000],
    ['retiring', 5000],
    ['completed', 8900],
  ] as const;
  expect(phaseSpans(times, [rollout('api', history)], clock)).toEqual([
    { name: 'before', start: 0, end: 1000 },
    { name: 'deploy', start: 1000, end: 9000 },
    { name: 'after', start: 9000, end: 12_000 },
    { name: 'waiting', service: 'api', start: 1100, end: 2000 },
    { name: 'replacing', service: 'api', start: 2000, end: 5000 },
    { name: 'retiring', service: 'api', start: 5000, end: 8900 },
  ]);
});

test('a rollout that never ended is open until the deploy was given up', () => {
  const spans = phaseSpans(times, [rollout('api', [['building', 1500]])], clock);
  expect(spans.at(-1)).toEqual({ name: 'building', service: 'api', start: 1500, end: 9000 });
});

test('a loss is put down to who moves replicas before who builds or waits', () => {
  const spans = phaseSpans(
    times,
    [
      rollout('web', [
        ['waiting', 1100],
        ['building', 4000],
        ['completed', 8000],
      ]),
      rollout('api', [
        ['building', 1100],
        ['replacing', 2000],
        ['retiring', 5000],
        ['completed', 6000],
      ]),
    ],
    clock,
  );
  expect(phaseAt(spans, 500)).toBe('before');
  expect(phaseAt(spans, 1050)).toBe('deploy');
  expect(phaseAt(spans, 1500)).toBe('api building');
  expect(phaseAt(spans, 3000)).toBe('api replacing');
  expect(phaseAt(spans, 5500)).toBe('api retiring');
  expect(phaseAt(spans, 7000)).toBe('web building');
  expect(phaseAt(spans, 8500)).toBe('deploy');
  expect(phaseAt(spans, 9500)).toBe('after');
  expect(phaseAt(spans, 12_001)).toBe('after');
});

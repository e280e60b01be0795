import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Budgets, VariantRun } from '../../src/model/index.ts';
import { judge, reportVerdict } from '../../src/rehearsal/verdict.ts';
import { sampleReport } from './stage/sample-report.ts';

const run = (index: number): VariantRun => {
  const found = sampleReport.runs[index];
  if (found === undefined) throw new Error(`no run ${index}`);
  return found;
};
const [outage, failedDeploy, clean] = [run(0), run(1), run(2)];

const all: Budgets = { failedRequests: 0, longestOutageMs: 0, droppedStreams: 0, abandonedJobs: 0, deploySeconds: 60 };

test('each budget has the number it is about', () => {
  expect(judge(all, outage)).toEqual({
    verdict: 'fail',
    budgets: [
      { name: 'failedRequests', limit: 0, actual: 1263, ok: false },
      { name: 'longestOutageMs', limit: 0, actual: 6301, ok: false },
      { name: 'droppedStreams', limit: 0, actual: 20, ok: false },
      { name: 'abandonedJobs', limit: 0, actual: 3, ok: false },
      { name: 'deploySeconds', limit: 60, actual: 13, ok: true },
    ],
  });
});

test.each<[string, Budgets, VariantRun, 'pass' | 'fail']>([
  ['nothing lost', all, clean, 'pass'],
  ['something lost', all, outage, 'fail'],
  ['exactly as much lost as allowed', { failedRequests: 1263 }, outage, 'pass'],
  ['one more than allowed', { failedRequests: 1262 }, outage, 'fail'],
  ['no budgets, the deploy completed', {}, outage, 'pass'],
  ['no budgets, the deploy failed', {}, failedDeploy, 'fail'],
  ['too slow', { deploySeconds: 12 }, clean, 'fail'],
])('%s: %s', (_, budgets, of, verdict) => {
  expect(judge(budgets, of).verdict).toBe(verdict);
});

test('a report is judged by its last variant: the others are there to compare', () => {
  expect(reportVerdict([outage, failedDeploy, clean])).toBe('pass');
  expect(reportVerdict([clean, outage])).toBe('fail');
  expect(reportVerdict([])).toBe('fail');
});

test('a run over any budget fails, and a looser budget never turns a pass into a failure', () => {
  const limits = fc.record(
    {
      failedRequests: fc.nat(2000),
      longestOutageMs: fc.nat(10_000),
      droppedStreams: fc.nat(40),
      abandonedJobs: fc.nat(6),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(limits, fc.nat(100), (budgets, more) => {
      const judged = judge(budgets, outage);
      expect(judged.verdict).toBe(judged.budgets.every(({ ok }) => ok) ? 'pass' : 'fail');
      const looser = Object.fromEntries(Object.entries(budgets).map(([name, limit]) => [name, limit + more]));
      if (judged.verdict === 'pass') expect(judge(looser, outage).verdict).toBe('pass');
    }),
  );
});

import { once } from 'node:events';
import { PointsmanError } from '../model/index.ts';
import { pause } from './run-clock.ts';
import type { WorkloadDriver } from './workloads/workload.ts';

const tryAgainMs = 200;

/**
 * Waits until every workload has had one success, so that a run measures the deploy and not what was broken before it.
 * Throws REHEARSAL_UNSTEADY after `limitMs`; what a try still waits for then ends when its driver is destroyed.
 */
export const waitUntilSteady = async (
  drivers: ReadonlyMap<string, WorkloadDriver>,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> => {
  const problems = new Map<string, string>([...drivers.keys()].map((name) => [name, 'no answer yet']));
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal, AbortSignal.timeout(limitMs)]);
  const tries = [...drivers].map(([name, driver]) => tryUntilGood(name, driver, problems, until));
  try {
    await Promise.race([Promise.all(tries), aborted(until)]);
  } finally {
    over.abort();
  }
  signal.throwIfAborted();
  if (problems.size > 0) throw unsteady(problems, limitMs);
};

const tryUntilGood = async (
  name: string,
  driver: WorkloadDriver,
  problems: Map<string, string>,
  until: AbortSignal,
): Promise<void> => {
  while (!until.aborted) {
    const problem = await driver.tryOnce(until);
    if (until.aborted) return;
    if (problem === undefined) {
      problems.delete(name);
      return;
    }
    problems.set(name, problem);
    // Aborted: the loop's own condition ends it.
    await pause(tryAgainMs, until).catch(() => {});
  }
};

const aborted = async (signal: AbortSignal): Promise<void> => {
  if (!signal.aborted) await once(signal, 'abort');
};

const unsteady = (problems: ReadonlyMap<string, string>, limitMs: number): PointsmanError =>
  new PointsmanError('REHEARSAL_UNSTEADY', {
    message: `The load cannot begin: ${problems.size === 1 ? 'one workload' : `${problems.size} workloads`} got no success within ${limitMs / 1000} s.`,
    fix: 'See `pointsman status` and `pointsman logs`; check host and path of these workloads in the Rehearsal.',
    output: [...problems].map(([name, problem]) => `${name}: ${problem}`),
  });

import type { PhaseSpan, RehearsalScenario, VariantRun } from '../model/index.ts';
import { deployVariant } from './deploy.ts';
import type { DeployOutcome } from './deploy.ts';
import { phaseSpans } from './phases.ts';
import type { RunTimes } from './phases.ts';
import { pause, startRunClock } from './run-clock.ts';
import type { RunClock } from './run-clock.ts';
import { waitUntilSteady } from './steady.ts';
import type { RehearsalLimits, RehearsalProgress, RehearsalTarget, RunStage, VariantDeploy } from './target.ts';
import { judge } from './verdict.ts';
import { driverOf } from './workloads/driver.ts';
import type { RunningWorkload, WorkloadDriver } from './workloads/workload.ts';

export interface VariantSetup {
  readonly scenario: RehearsalScenario;
  readonly target: RehearsalTarget;
  readonly variant: string;
  readonly deploy: VariantDeploy;
  readonly limits: RehearsalLimits;
  readonly onStage: (stage: RunStage) => void;
  readonly onProgress: (progress: RehearsalProgress) => void;
  readonly signal: AbortSignal;
}

type Drivers = ReadonlyMap<string, WorkloadDriver>;
type Running = ReadonlyMap<string, RunningWorkload>;

const tellLoadEveryMs = 500;

/** One deploy under load, from a steady state to what it cost. When aborted, everything open is cut and the reason thrown. */
export const runVariant = async (setup: VariantSetup): Promise<VariantRun> => {
  const { scenario, target, limits, signal } = setup;
  const drivers: Drivers = new Map(
    scenario.workloads.map((workload) => [workload.name, driverOf(workload, target.http)]),
  );
  const destroy = async (): Promise<void> => {
    await Promise.all([...drivers.values()].map((driver) => driver.destroy()));
  };
  const onAbort = (): void => void destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    setup.onStage('steadying');
    await waitUntilSteady(drivers, limits.steadyMs, signal);
    return await runUnderLoad(setup, drivers);
  } finally {
    signal.removeEventListener('abort', onAbort);
    await destroy();
  }
};

const runUnderLoad = async (setup: VariantSetup, drivers: Drivers): Promise<VariantRun> => {
  const clock = startRunClock();
  const running: Running = new Map([...drivers].map(([name, driver]) => [name, driver.start(clock)]));
  const telling = setInterval(() => tellLoad(setup, running, clock), tellLoadEveryMs);
  try {
    const { times, outcome } = await deployUnderLoad(setup, clock);
    setup.onStage('finishing');
    await Promise.all([...running.values()].map((workload) => workload.finish()));
    setup.signal.throwIfAborted();
    return resultOf(setup, running, times, { ...outcome, spans: phaseSpans(times, outcome.rollouts, clock) });
  } catch (error) {
    // The drivers cut what is in flight; without this the load itself would go on for ever.
    for (const workload of running.values()) void workload.finish();
    throw error;
  } finally {
    clearInterval(telling);
  }
};

const deployUnderLoad = async (
  { scenario, target, deploy, limits, variant, ...setup }: VariantSetup,
  clock: RunClock,
): Promise<{ readonly times: RunTimes; readonly outcome: DeployOutcome }> => {
  setup.onStage('before');
  await pause(scenario.beforeSeconds * 1000, setup.signal);
  setup.onStage('deploy');
  const deployStart = clock.now();
  const outcome = await deployVariant(target, deploy, {
    onReport: (report) => setup.onProgress({ kind: 'deploy', variant, report }),
    limitMs: limits.deployMs,
    signal: setup.signal,
  });
  const deployEnd = clock.now();
  setup.onStage('after');
  await pause(scenario.afterSeconds * 1000, setup.signal);
  return { times: { deployStart, deployEnd, end: clock.now() }, outcome };
};

const resultOf = (
  { scenario, variant }: VariantSetup,
  running: Running,
  times: RunTimes,
  { result, message, spans }: DeployOutcome & { readonly spans: readonly PhaseSpan[] },
): VariantRun => {
  const run = {
    variant,
    deploy: {
      result,
      durationMs: Math.round(times.deployEnd - times.deployStart),
      ...(message !== undefined && { message }),
    },
    phases: spans.map((span) => ({ ...span, start: Math.round(span.start), end: Math.round(span.end) })),
    workloads: Object.fromEntries([...running].map(([name, workload]) => [name, workload.result(spans, times.end)])),
  };
  return { ...run, ...judge(scenario.budgets, run) };
};

const tellLoad = ({ variant, onProgress }: VariantSetup, running: Running, clock: RunClock): void => {
  const workloads = Object.fromEntries([...running].map(([name, workload]) => [name, workload.counts()]));
  onProgress({ kind: 'load', variant, atMs: Math.round(clock.now()), workloads });
};

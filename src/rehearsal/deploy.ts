import { PointsmanError } from '../model/index.ts';
import type { Rollout, VariantRun } from '../model/index.ts';
import type { DeployReport } from '../protocol/index.ts';
import type { RehearsalTarget, VariantDeploy } from './target.ts';

export interface DeployOutcome {
  readonly result: VariantRun['deploy']['result'];
  readonly message?: string;
  readonly rollouts: readonly Rollout[];
}

export interface DeployWatch {
  readonly onReport: (report: DeployReport) => void;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Deploys as a user would and follows to the end. A deploy that fails is a result of the rehearsal; bad input or a
 * supervisor out of reach is not, and throws.
 */
export const deployVariant = async (
  target: RehearsalTarget,
  request: VariantDeploy,
  watch: DeployWatch,
): Promise<DeployOutcome> => {
  const deadline = AbortSignal.timeout(watch.limitMs);
  const signal = AbortSignal.any([watch.signal, deadline]);
  const seen: { last: DeployReport | undefined } = { last: undefined };
  try {
    const { deployId } = await target.deploy(request, signal);
    for await (const report of target.followDeploy(deployId, signal)) {
      seen.last = report;
      watch.onReport(report);
      if (report.finished) return outcomeOf(report);
      await promoteWaiting(target, report, signal);
    }
    watch.signal.throwIfAborted();
    if (!deadline.aborted) throw lostSight(deployId);
  } catch (error) {
    watch.signal.throwIfAborted();
    if (!deadline.aborted) return failedDeploy(error);
  }
  const message = `The deploy did not end within ${watch.limitMs / 1000} s.`;
  return { result: 'failed', message, rollouts: seen.last?.rollouts ?? [] };
};

/** Nobody sits at a rehearsal who could look at a preview: what waits to be promoted is. */
const promoteWaiting = async (
  target: RehearsalTarget,
  { rollouts }: DeployReport,
  signal: AbortSignal,
): Promise<void> => {
  for (const { service, waitsFor } of rollouts) if (waitsFor === 'promotion') await target.promote(service, signal);
};

const outcomeOf = ({ result, rollouts }: DeployReport): DeployOutcome => {
  if (result === 'completed') return { result, rollouts };
  const failed = rollouts.find(({ failure }) => failure !== undefined);
  const superseded = rollouts.find(({ phase }) => phase === 'superseded');
  const message =
    failed?.failure === undefined
      ? `The deploy did not complete${superseded === undefined ? '' : `: ${superseded.service} was superseded by another deploy`}.`
      : `${failed.service}: ${failed.failure.message}`;
  return { result: 'failed', message, rollouts };
};

/** Exit code 1: what was asked for was tried and failed. */
const failedDeploy = (error: unknown): DeployOutcome => {
  if (!(error instanceof PointsmanError) || error.exitCode !== 1) throw error;
  return { result: 'failed', message: error.message, rollouts: [] };
};

const lostSight = (deployId: string): PointsmanError =>
  new PointsmanError('SUPERVISOR_UNREACHABLE', {
    message: `The supervisor stopped reporting on deploy ${deployId} before it had ended.`,
    fix: 'See whether the supervisor still runs (`pointsman status`) and rehearse again.',
  });

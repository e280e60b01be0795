import type { ErrorReport, Exit, Revision } from '../../model/index.ts';
import { errorReport, PointsmanError, replicaIdOf } from '../../model/index.ts';
import type { StepState } from '../../plan/index.ts';
import { exitWords } from '../crash.ts';
import { put } from '../records.ts';
import { rulesOf } from '../rules.ts';
import { commandOf, variablesOf } from './launch.ts';
import type { OperationParts, Perform } from './parts.ts';
import { rolloutTo } from './parts.ts';

const keptLines = 40;

/** Runs beside the old replicas, before any new one. */
export const preDeploy: Perform<'pre-deploy'> = async ({ service, revision: number }, parts, signal) => {
  const revision = parts.records.revision(service, number);
  if (revision === undefined) return;
  const step = await outcome(parts, revision, signal);
  const record = rolloutTo(parts, service, number);
  if (record !== undefined) parts.store.record([put.rollout({ ...record, preDeploy: step })]);
  parts.onEvent({
    service,
    revision: number,
    ...(step.kind === 'failed'
      ? { severity: 'error', reason: 'PreDeployFailed', message: step.error.message }
      : { severity: 'info', reason: 'PreDeployDone', message: 'the pre-deploy command exited with code 0' }),
  });
};

const outcome = async (parts: OperationParts, revision: Revision, signal: AbortSignal): Promise<StepState> => {
  const output: string[] = [];
  const onLine = (text: string): void => {
    output.push(text);
    if (output.length > keptLines) output.shift();
    parts.live.say(revision.service, `pre-deploy: ${text}`);
  };
  try {
    const exit = await run(parts, revision, { onLine, signal });
    return exit.code === 0 ? { kind: 'done' } : { kind: 'failed', error: failure(exit, output) };
  } catch (error) {
    if (signal.aborted || (error instanceof PointsmanError && error.code === 'ENGINE_UNREACHABLE')) throw error;
    return { kind: 'failed', error: { output, ...errorReport(error), code: 'PRE_DEPLOY_FAILED' } };
  }
};

const run = async (
  parts: OperationParts,
  revision: Revision,
  how: { readonly onLine: (text: string) => void; readonly signal: AbortSignal },
): Promise<Exit> => {
  const { spec, image, service, number } = revision;
  if (image === undefined)
    throw new PointsmanError('REVISION_UNKNOWN', { message: `${service} r${number} has no image` });
  const policy = rulesOf(parts.records, revision);
  // Attempt 0: no replica has it, so its name is free.
  const seat = { service, revision: number, slot: 0, attempt: 0 };
  return parts.engine.runOnce(
    {
      ...seat,
      id: replicaIdOf(spec, seat),
      image,
      command: commandOf(spec.preDeployCommand, policy.commandForm),
      variables: variablesOf(parts, revision, undefined),
      port: spec.port,
      volumes: [],
      limits: spec.limits,
      timeoutSeconds: policy.preDeploy.timeoutSeconds,
    },
    (line) => how.onLine(line.text),
    how.signal,
  );
};

const failure = (exit: Exit, output: readonly string[]): ErrorReport => ({
  code: 'PRE_DEPLOY_FAILED',
  message: `the pre-deploy command ${exitWords(exit)}`,
  fix: 'Correct what its last lines show and deploy again; what served before goes on serving.',
  output,
});

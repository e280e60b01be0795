import { isFinished, PointsmanError } from '../../model/index.ts';
import type { Rollout } from '../../model/index.ts';
import type { Session } from '../session.ts';

/** Waits until the service's rollout has ended and the old version serves as before. 0: it was aborted; 1: it had come to another end before. */
export const followAbort = async (
  { client, output, signal }: Session,
  asked: { readonly service: string; readonly deployId: string },
): Promise<number> => {
  for await (const { rollouts } of client.followDeploy(asked.deployId, signal)) {
    const rollout = rollouts.find(({ service }) => service === asked.service);
    if (rollout === undefined || !isFinished(rollout.phase) || rollout.isReturning === true) continue;
    if (output.wantsJson) output.json(rollout);
    else output.note(words(rollout));
    return rollout.failure?.code === 'ROLLOUT_ABORTED' ? 0 : 1;
  }
  signal.throwIfAborted();
  throw new PointsmanError('SUPERVISOR_UNREACHABLE', {
    message: 'The supervisor ended before the rollout did.',
    fix: 'See supervisor.log in the state folder; `pointsman up` carries on where it stopped.',
  });
};

const words = ({ failure, service, to, phase, from }: Rollout): string => {
  if (failure?.code !== 'ROLLOUT_ABORTED') return `${service} revision ${to} was ${phase} before`;
  return from === undefined ? failure.message : `${failure.message}; revision ${from} serves`;
};

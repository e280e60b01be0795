import type { Instant, Rollout } from '../model/index.ts';
import { dueAfter } from '../model/index.ts';
import { revisionOf } from './intent.ts';
import type { Next } from './next.ts';
import { fail } from './next.ts';
import { isHeld, isWork, workedFor } from './pauses.ts';
import type { Situation } from './situation.ts';

/** Its work took too long. An old version that can't be ended does not make the new one, which serves, a failure. */
export const deadlineFailure = (situation: Situation, rollout: Rollout): Next | undefined => {
  const deadline = workDeadline(situation, rollout);
  if (deadline === undefined || deadline > situation.now) return undefined;
  if (rollout.phase === 'retiring') return { phase: 'completed' };
  const seconds = secondsOf(situation, rollout);
  return fail(
    'ROLLOUT_FAILED',
    `${situation.service} revision ${rollout.to} was still ${rollout.phase} at its progress deadline of ${seconds} s`,
    { fix: 'Raise deploy.progressDeadlineSeconds if the service really needs longer.' },
  );
};

/** Nothing happens any more in the services it waits for. */
export const waitingFailure = (situation: Situation, rollout: Rollout): Next | undefined => {
  const deadline = waitDeadline(situation, rollout);
  if (deadline === undefined || deadline > situation.now) return undefined;
  const names = situation.dependencies.waitingFor.join(', ');
  return fail('ROLLOUT_FAILED', `${situation.service} was not begun: ${names}, which it depends on, did not come up`, {
    fix: `See \`pointsman status\` for ${names}; then deploy again.`,
  });
};

/** When the rollout is given up if nothing gets further until then; undefined while it waits for a person or for time to pass. */
export const progressDeadline = (situation: Situation, rollout: Rollout | undefined): Instant | undefined => {
  if (rollout === undefined) return undefined;
  return rollout.phase === 'waiting' ? waitDeadline(situation, rollout) : workDeadline(situation, rollout);
};

const workDeadline = (situation: Situation, rollout: Rollout): Instant | undefined => {
  const seconds = secondsOf(situation, rollout);
  if (seconds === undefined || !isWork(rollout.phase) || isHeld(rollout)) return undefined;
  return situation.now + seconds * 1000 - workedFor(situation, rollout);
};

const waitDeadline = (situation: Situation, rollout: Rollout): Instant | undefined => {
  const seconds = secondsOf(situation, rollout);
  const { movedAt } = situation.dependencies;
  if (seconds === undefined || movedAt === 'person' || isHeld(rollout)) return undefined;
  const since = Math.max(rollout.startedAt, movedAt ?? 0, rollout.pauses?.at(-1)?.to ?? 0);
  return dueAfter(situation.sleeps, since, seconds * 1000);
};

const secondsOf = (situation: Situation, rollout: Rollout): number | undefined =>
  revisionOf(situation, rollout.to)?.spec.policy.progressDeadlineSeconds;

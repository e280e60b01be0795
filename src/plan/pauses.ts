import type { Instant, Rollout, RolloutPhase, Sleep } from '../model/index.ts';
import { dueAfter, isFinished, sleptBetween } from '../model/index.ts';
import type { Situation } from './situation.ts';

/** When so many milliseconds will have passed in which it was neither held nor slept through; undefined while it is held, for then nobody knows. */
export const unheldDue = (
  situation: Situation,
  rollout: Rollout,
  from: Instant,
  milliseconds: number,
): Instant | undefined => (isHeld(rollout) ? undefined : dueAfter(idleTimes(situation, rollout), from, milliseconds));

export const isHeld = ({ pauses }: Pick<Rollout, 'pauses'>): boolean =>
  pauses !== undefined && pauses.at(-1)?.to === undefined;

/** When the rollout entered the phase it is in. */
export const enteredAt = (rollout: Pick<Rollout, 'history' | 'startedAt'>): Instant =>
  rollout.history.at(-1)?.at ?? rollout.startedAt;

/** Work done so far, in milliseconds: the time in phases that are bounded by the progress deadline, pauses and sleeps apart. */
export const workedFor = (situation: Situation, rollout: Rollout): number => {
  const idle = idleTimes(situation, rollout);
  return rollout.history.reduce((sum, { phase, at }, index) => {
    if (!isWork(phase)) return sum;
    const end = rollout.history[index + 1]?.at ?? situation.now;
    return sum + end - at - sleptBetween(idle, at, end);
  }, 0);
};

/** Phases in which Pointsman has something to do; in the others it waits by design, and that has limits of its own. */
export const isWork = (phase: RolloutPhase): boolean =>
  !isFinished(phase) && phase !== 'waiting' && phase !== 'previewing' && phase !== 'canary' && phase !== 'baking';

/** Held by people, or slept through; in order, and each moment once. */
const idleTimes = ({ sleeps = [], now }: Situation, { pauses = [] }: Rollout): readonly Sleep[] => {
  const held = pauses.map(({ from, to = now }) => ({ from, to }));
  if (held.length === 0) return sleeps;
  const times: Sleep[] = [];
  for (const { from, to } of [...sleeps, ...held].toSorted((one, other) => one.from - other.from)) {
    const last = times.at(-1);
    if (last === undefined || last.to < from) times.push({ from, to });
    else times[times.length - 1] = { from: last.from, to: Math.max(last.to, to) };
  }
  return times;
};

import type { Instant, Rollout, RolloutPhase } from '../model/index.ts';
import { isFinished } from '../model/index.ts';

type Held = Pick<Rollout, 'pauses'>;

/** Milliseconds in which a rollout was not held. */
export const unheldBetween = ({ pauses = [] }: Held, from: Instant, to: Instant): number =>
  pauses.reduce((left, pause) => left - overlapOf(pause, from, to), to - from);

/** When so much unheld time will have passed; undefined while it is held, for then nobody knows. */
export const dueAfter = (rollout: Held, from: Instant, milliseconds: number): Instant | undefined => {
  if (isHeld(rollout)) return undefined;
  return from + milliseconds + heldSince(rollout, from);
};

export const isHeld = ({ pauses }: Held): boolean => pauses !== undefined && pauses.at(-1)?.to === undefined;

/** When the rollout entered the phase it is in. */
export const enteredAt = (rollout: Pick<Rollout, 'history' | 'startedAt'>): Instant =>
  rollout.history.at(-1)?.at ?? rollout.startedAt;

/** Work done so far, in milliseconds: the time in phases that are bounded by the progress deadline, pauses apart. */
export const workedFor = (rollout: Rollout, now: Instant): number =>
  rollout.history.reduce((sum, { phase, at }, index) => {
    if (!isWork(phase)) return sum;
    return sum + unheldBetween(rollout, at, rollout.history[index + 1]?.at ?? now);
  }, 0);

/** Phases in which Pointsman has something to do; in the others it waits by design, and that has limits of its own. */
export const isWork = (phase: RolloutPhase): boolean =>
  !isFinished(phase) && phase !== 'waiting' && phase !== 'previewing' && phase !== 'canary' && phase !== 'baking';

const heldSince = ({ pauses = [] }: Held, from: Instant): number =>
  pauses.reduce((sum, pause) => sum + overlapOf(pause, from, Number.POSITIVE_INFINITY), 0);

const overlapOf = (pause: { readonly from: Instant; readonly to?: Instant }, from: Instant, to: Instant): number =>
  Math.max(0, Math.min(pause.to ?? to, to) - Math.max(pause.from, from));

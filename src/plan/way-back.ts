import type { Instant, Rollout } from '../model/index.ts';
import { dueAfter } from '../model/index.ts';
import { revisionOf } from './intent.ts';
import { enteredAt } from './pauses.ts';
import { historyOf, holderOf, isRouting } from './replicas.ts';
import type { Situation } from './situation.ts';

/** Until then what worked before is waited for; undefined: it is whole again, or nobody waits for it. */
export const wayBackEnds = (situation: Situation, rollout: Rollout | undefined): Instant | undefined => {
  const active = revisionOf(situation, situation.active);
  if (rollout?.phase !== 'failed' || situation.wanted === undefined || active === undefined) return undefined;
  const { replicas, before = replicas } = situation.wanted;
  const until = dueAfter(situation.sleeps, enteredAt(rollout), active.spec.policy.gate.deadlineSeconds * 1000);
  return until <= situation.now || isWhole(situation, before) ? undefined : until;
};

/** Told once, at its end: whoever waits for the deploy goes on only then. */
export const withWayBack = (situation: Situation, rollout: Rollout): Rollout => {
  const isStill = wayBackEnds(situation, rollout) !== undefined;
  if (isStill === (rollout.isReturning === true)) return rollout;
  const { isReturning: _before, ...others } = rollout;
  return isStill ? { ...others, isReturning: true } : others;
};

/** The routes, acknowledged, have every wanted replica of the active revision and nobody else. One that crashed comes back in its own time. */
const isWhole = (situation: Situation, wanted: number): boolean => {
  const { active = 0, routed } = situation;
  const seats = Array.from({ length: wanted }, (_, slot) => holderOf(situation, active, slot)?.id);
  const isFilled = seats.every(
    (holder, slot) =>
      (holder !== undefined && routed.includes(holder)) ||
      (historyOf(situation, active, slot)?.crashes.length ?? 0) > 0,
  );
  return isFilled && !isRouting(situation) && routed.every((id) => seats.includes(id));
};

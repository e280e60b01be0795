import type { Rollout } from '../model/index.ts';
import type { RolloutRecord } from './store/index.ts';

/** A rollout as people see it: what they have just said counts, although the planner has not made use of it yet. */
export const shownRollout = ({ rollout, requests }: RolloutRecord): Rollout => {
  const { waitsFor, ...others } = rollout;
  if (waitsFor === undefined || requests === undefined) return rollout;
  const isPromoted = requests.toTheEnd || requests.promotions > (rollout.promotions ?? 0);
  const isAnswered = requests.aborted || (waitsFor === 'resume' ? !requests.paused : isPromoted);
  return isAnswered ? others : rollout;
};

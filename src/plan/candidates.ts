import type { Rollout, RolloutPolicy } from '../model/index.ts';

/**
 * How many replicas of the new version run beside the old ones while it is tried out. The old version stays whole, so
 * that going back costs nobody anything; the new one grows with its share, so that each of its replicas carries what
 * an old one does.
 */
export const candidatesOf = ({ canary }: RolloutPolicy, rollout: Rollout, wanted: number): number => {
  if (canary === undefined) return wanted;
  const percent = canary.steps[rollout.canary?.step ?? 0]?.percent ?? 100;
  return Math.min(wanted, Math.max(1, Math.ceil((wanted * percent) / 100)));
};

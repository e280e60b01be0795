import type { ObservedReplica, RevisionNumber, Rollout, RolloutPolicy, TrafficSplit } from '../model/index.ts';
import { revisionOf } from './intent.ts';
import type { Situation } from './situation.ts';

/** How requests are divided while a new version is tried out beside the old one; undefined: nothing to divide. */
export const splitOf = (
  situation: Situation,
  rollout: Rollout | undefined,
  members: readonly ObservedReplica[],
): TrafficSplit | undefined => {
  const policy = revisionOf(situation, rollout?.to)?.spec.policy;
  if (rollout === undefined || policy === undefined || !isTriedOut(rollout)) return undefined;
  const old = members.filter((member) => member.revision !== rollout.to);
  if (old.length === 0 || old.length === members.length) return undefined;
  const percent = rollout.canary?.percent ?? 0;
  return {
    shares: [...sharesOfOld(old, 100 - percent), { revision: rollout.to, percent }],
    matches: rollout.canary === undefined ? [] : matchesOf(policy, rollout.to),
  };
};

/** Apart from rounding: a table that was read back names the same shares in other digits. */
export const isSameSplit = (one: TrafficSplit | undefined, other: TrafficSplit | undefined): boolean => {
  if (one === undefined || other === undefined) return one === other;
  const isShared = ({ revision, percent }: TrafficSplit['shares'][number]): boolean =>
    other.shares.some((share) => share.revision === revision && Math.abs(share.percent - percent) < 0.01);
  return (
    one.shares.length === other.shares.length &&
    one.shares.every(isShared) &&
    JSON.stringify(one.matches.map(inOrder)) === JSON.stringify(other.matches.map(inOrder))
  );
};

const isTriedOut = ({ phase, canary, history }: Rollout): boolean => {
  const isBeside = phase === 'previewing' || phase === 'canary';
  const isAboutToSwitch = phase === 'replacing' && history.some((entry) => entry.phase === 'staging');
  return (
    isBeside || (isAboutToSwitch && (canary !== undefined || history.some((entry) => entry.phase === 'previewing')))
  );
};

/** Several old versions serve where the one before was caught half way: each keeps what its replicas can carry. */
const sharesOfOld = (old: readonly ObservedReplica[], percent: number): TrafficSplit['shares'] =>
  [...new Set(old.map(({ revision }) => revision))].map((revision) => ({
    revision,
    percent: (percent * old.filter((member) => member.revision === revision).length) / old.length,
  }));

const matchesOf = ({ canary }: RolloutPolicy, revision: RevisionNumber): TrafficSplit['matches'] =>
  (canary?.matches ?? []).map((match) => ({ ...match, revision }));

const inOrder = ({ by, name, value, revision }: TrafficSplit['matches'][number]): readonly unknown[] => [
  by,
  name,
  value ?? null,
  revision,
];

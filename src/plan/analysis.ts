import type {
  AnalysisPolicy,
  Instant,
  RevisionNumber,
  RevisionTraffic,
  Rollout,
  RolloutPolicy,
} from '../model/index.ts';
import { awakeSince, counted } from '../model/index.ts';
import { revisionOf } from './intent.ts';
import { enteredAt } from './pauses.ts';
import type { Situation } from './situation.ts';

/** What the ledger says about the new version beside the old one. */
export type Verdict =
  | { readonly kind: 'good'; readonly words: string }
  | { readonly kind: 'worse'; readonly words: string }
  | { readonly kind: 'no-sample'; readonly words: string };

/** Apart from this nobody notices: on one machine a scheduler's whim costs as much. */
const unnoticedMs = 10;

/** Without `deploy.analysis` only a plain rise of errors counts. */
export const defaultAnalysis: AnalysisPolicy = {
  minRequests: 20,
  windowSeconds: 60,
  maxErrorIncrease: 5,
  maxLatencyRatio: {},
  onNoSample: 'promote',
};

/** The new version as it has done so far; words of what nobody knows are part of it. */
export const verdictOf = (situation: Situation, rollout: Rollout): Verdict => {
  const policy = revisionOf(situation, rollout.to)?.spec.policy;
  const old = rollout.phase === 'baking' ? rollout.baseline : trafficOf(situation.traffic, situation.active);
  const verdict = analyse(policy?.analysis ?? defaultAnalysis, trafficOf(situation.traffic, rollout.to), old);
  const { lostRecords = 0 } = situation;
  if (lostRecords === 0) return verdict;
  return {
    ...verdict,
    words: `${verdict.words}; of ${lostRecords} more ${lostRecords === 1 ? 'request' : 'requests'}, of whichever service, the records were lost`,
  };
};

const analyse = (
  policy: AnalysisPolicy,
  fresh: RevisionTraffic | undefined,
  old: RevisionTraffic | undefined,
): Verdict => {
  if (fresh === undefined || fresh.requests < policy.minRequests) {
    return { kind: 'no-sample', words: `${fresh?.requests ?? 0} of ${policy.minRequests} requests needed to judge by` };
  }
  const faults = [errorFault(policy, fresh, old), ...latencyFaults(policy, fresh, old)].filter(
    (fault) => fault !== undefined,
  );
  if (faults.length > 0) return { kind: 'worse', words: faults.join('; ') };
  return {
    kind: 'good',
    words: `${counted(fresh.requests, 'request')}, ${percent(errorRate(fresh))} failed, p95 ${ms(fresh.p95Ms)}`,
  };
};

/** Whose requests since when the planner needs to know of; undefined while nothing is being judged. */
export const analysedSince = (
  rollout: Rollout | undefined,
  policy: RolloutPolicy,
  { now, sleeps }: Pick<Situation, 'now' | 'sleeps'>,
): Instant | undefined => {
  const earliest = awakeSince(sleeps, now, (policy.analysis ?? defaultAnalysis).windowSeconds * 1000);
  switch (rollout?.phase) {
    case 'canary':
      return rollout.canary?.since === undefined ? undefined : Math.max(rollout.canary.since, earliest);
    case 'baking':
      return Math.max(enteredAt(rollout), earliest);
    // The last moments before a switch are what the new version will be compared with.
    case 'staging':
    case 'previewing':
    case 'replacing':
    case 'verifying':
      return policy.bakeSeconds === undefined ? undefined : earliest;
    default:
      return undefined;
  }
};

export const trafficOf = (
  traffic: readonly RevisionTraffic[] | undefined,
  revision: RevisionNumber | undefined,
): RevisionTraffic | undefined => traffic?.find((each) => each.revision === revision);

const errorFault = (
  { maxErrorIncrease }: AnalysisPolicy,
  fresh: RevisionTraffic,
  old: RevisionTraffic | undefined,
): string | undefined => {
  const before = old === undefined ? 0 : errorRate(old);
  if (errorRate(fresh) - before <= maxErrorIncrease) return undefined;
  const limit = `limit ${percent(before + maxErrorIncrease)}: deploy.analysis.maxErrorIncrease ${maxErrorIncrease}`;
  return `${percent(errorRate(fresh))} of ${counted(fresh.requests, 'request')} failed, ${percent(before)} with the old version (${limit})`;
};

/** A few requests of the old version that were answered say nothing about its slowest ones. */
const latencyFaults = (
  { maxLatencyRatio, minRequests }: AnalysisPolicy,
  fresh: RevisionTraffic,
  old: RevisionTraffic | undefined,
): readonly (string | undefined)[] => {
  if (old === undefined || old.requests - old.failed < minRequests) return [];
  return (['p95', 'p99'] as const).map((quantile) => {
    const ratio = maxLatencyRatio[quantile];
    const [now, before] = quantile === 'p95' ? [fresh.p95Ms, old.p95Ms] : [fresh.p99Ms, old.p99Ms];
    if (ratio === undefined || now <= before * ratio + unnoticedMs) return undefined;
    const limit = `limit ${ms(before * ratio + unnoticedMs)}: deploy.analysis.maxLatencyRatio.${quantile} ${ratio}, and ${ms(unnoticedMs)}`;
    return `${quantile} is ${ms(now)}, ${ms(before)} with the old version (${limit})`;
  });
};

const errorRate = ({ requests, failed }: RevisionTraffic): number => (requests === 0 ? 0 : (failed * 100) / requests);
const percent = (value: number): string => `${Math.round(value * 10) / 10} %`;
const ms = (value: number): string => `${Math.round(value)} ms`;

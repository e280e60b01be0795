import type { Rollout, RolloutPhase, RolloutPolicy, RolloutRequests } from '../model/index.ts';
import { dueAfter } from '../model/index.ts';
import { defaultAnalysis, verdictOf } from './analysis.ts';
import { regression } from './regression.ts';
import { revisionOf } from './intent.ts';
import type { Next } from './next.ts';
import { fail } from './next.ts';
import { enteredAt, unheldDue } from './pauses.ts';
import { areReady, unreadyFailure } from './readiness.ts';
import type { Situation } from './situation.ts';
import { candidatesOf } from './candidates.ts';

/** Where the replacement begins: at once, or with trying the new version out beside the old one. */
export const firstOfReplacement = (situation: Situation, rollout: Rollout): RolloutPhase => {
  const policy = rulesOf(situation, rollout);
  if (policy === undefined || rollout.isRollback === true || situation.wanted?.replicas === 0) return 'replacing';
  const hasOld = situation.active !== undefined;
  const isTriedOut = hasOld && (policy.promotion === 'manual' || policy.canary !== undefined);
  return isTriedOut || situation.checks.smoke.kind !== 'done' ? 'staging' : 'replacing';
};

export const areCandidatesReady = (situation: Situation, rollout: Rollout): boolean => {
  const policy = rulesOf(situation, rollout);
  const wanted = situation.wanted?.replicas ?? 0;
  return policy !== undefined && areReady(situation, rollout, candidatesOf(policy, rollout, wanted));
};

export const afterStaging = (situation: Situation, rollout: Rollout): Next | undefined => {
  const policy = rulesOf(situation, rollout);
  if (policy === undefined) return undefined;
  const seats = candidatesOf(policy, rollout, situation.wanted?.replicas ?? 0);
  if (!areReady(situation, rollout, seats)) return unreadyFailure(situation, rollout, seats);
  const { smoke } = situation.checks;
  switch (smoke.kind) {
    case 'pending':
      return undefined;
    case 'failed':
      return { phase: 'failed', failure: smoke.error };
    case 'done':
      if (situation.active === undefined) return { phase: 'replacing' };
      if (policy.promotion === 'manual') return { phase: 'previewing' };
      return policy.canary === undefined ? { phase: 'replacing' } : firstStep(situation);
  }
};

export const afterPreviewing = (situation: Situation, rollout: Rollout): Next | undefined => {
  const policy = rulesOf(situation, rollout);
  if (policy === undefined) return undefined;
  const asked = promotion(situation, rollout);
  if (asked === undefined) {
    return unreadyFailure(situation, rollout, candidatesOf(policy, rollout, situation.wanted?.replicas ?? 0));
  }
  const next = asked.toTheEnd || policy.canary === undefined ? { phase: 'replacing' as const } : firstStep(situation);
  return { ...next, change: { ...next.change, ...asked.change } };
};

export const afterCanary = (situation: Situation, rollout: Rollout): Next | undefined => {
  const policy = rulesOf(situation, rollout);
  const { canary } = rollout;
  const step = policy?.canary?.steps[canary?.step ?? 0];
  if (policy === undefined || canary === undefined || step === undefined) return { phase: 'replacing' };
  const asked = promotion(situation, rollout);
  if (asked?.toTheEnd === true) return { phase: 'replacing', change: asked.change };
  const { during } = situation.checks;
  if (during.kind === 'failed') return { phase: 'failed', failure: during.error };
  if (canary.since === undefined) return comingIntoForce(situation, rollout, policy);
  const worse = regression(situation, rollout);
  if (worse !== undefined) return worse;
  if (asked !== undefined) return nextStep(situation, rollout, asked.change);
  const seats = candidatesOf(policy, rollout, situation.wanted?.replicas ?? 0);
  return afterPause(situation, rollout) ?? unreadyFailure(situation, rollout, seats);
};

export const afterBaking = (situation: Situation, rollout: Rollout): Next | undefined => {
  const worse = regression(situation, rollout);
  if (worse !== undefined) return worse;
  const asked = promotion(situation, rollout);
  if (asked !== undefined) return { phase: 'retiring', change: asked.change };
  const end = bakedAt(situation, rollout);
  return end !== undefined && end <= situation.now ? { phase: 'retiring' } : undefined;
};

/** Once everybody is on the new version: the old one stays idle for a while, or goes. */
export const afterSwitch = (situation: Situation, rollout: Rollout): Next => {
  const policy = rulesOf(situation, rollout);
  const hasOld = situation.active !== undefined && situation.active !== rollout.to;
  const bakes = (policy?.bakeSeconds ?? 0) > 0 && hasOld && rollout.isRollback !== true;
  return { phase: bakes ? 'baking' : 'retiring' };
};

/** When a step's or the baking's own time is over; undefined where that is up to somebody. */
export const tryoutDue = (situation: Situation, rollout: Rollout | undefined): readonly (number | undefined)[] => {
  if (rollout?.phase === 'baking') return [bakedAt(situation, rollout)];
  return rollout?.phase === 'canary' ? [pausedUntil(situation, rollout), overdueAt(situation, rollout)] : [];
};

/** What it waits for that isn't a matter of time. */
export const waitsFor = (situation: Situation, rollout: Rollout): Rollout['waitsFor'] => {
  if (situation.requests?.paused === true && rollout.phase !== 'retiring') return 'resume';
  if (rollout.phase === 'previewing') return 'promotion';
  if (rollout.phase !== 'canary' || rollout.canary?.since === undefined) return undefined;
  const step = rulesOf(situation, rollout)?.canary?.steps[rollout.canary.step];
  if (step?.pause === 'promote') return 'promotion';
  const late = overdueAt(situation, rollout);
  return late !== undefined && late <= situation.now ? 'sample' : undefined;
};

const rulesOf = (situation: Situation, rollout: Rollout): RolloutPolicy | undefined =>
  revisionOf(situation, rollout.to)?.spec.policy;

const promotion = (
  { requests }: Situation,
  { promotions = 0 }: Rollout,
): { readonly toTheEnd: boolean; readonly change: { readonly promotions: number } } | undefined => {
  const asked: RolloutRequests | undefined = requests;
  if (asked === undefined || (asked.promotions <= promotions && !asked.toTheEnd)) return undefined;
  return { toTheEnd: asked.toTheEnd, change: { promotions: Math.min(promotions + 1, asked.promotions) } };
};

const firstStep = ({ now }: Situation): Next => ({
  phase: 'canary',
  change: { canary: { step: 0, percent: 0, begunAt: now } },
});

/** First its replicas, then the share, then the workers' word that they divide like that. */
const comingIntoForce = (situation: Situation, rollout: Rollout, policy: RolloutPolicy): Next | undefined => {
  const { canary } = rollout;
  const percent = policy.canary?.steps[canary?.step ?? 0]?.percent ?? 0;
  const seats = candidatesOf(policy, rollout, situation.wanted?.replicas ?? 0);
  if (canary === undefined) return undefined;
  if (!areReady(situation, rollout, seats)) return unreadyFailure(situation, rollout, seats);
  if (canary.percent !== percent) return { phase: 'canary', change: { canary: { ...canary, percent } } };
  if (!isInForce(situation, rollout)) return undefined;
  return { phase: 'canary', change: { canary: { ...canary, since: situation.now } } };
};

const isInForce = (situation: Situation, rollout: Rollout): boolean => {
  const routed = situation.replicas.filter(({ id }) => situation.routed.includes(id));
  const isIn = routed.some(({ revision }) => revision === rollout.to);
  const percent = situation.split?.shares.find(({ revision }) => revision === rollout.to)?.percent;
  const hasOld = routed.some(({ revision }) => revision !== rollout.to);
  return isIn && (!hasOld || (percent !== undefined && Math.abs(percent - (rollout.canary?.percent ?? 0)) < 0.01));
};

const afterPause = (situation: Situation, rollout: Rollout): Next | undefined => {
  const policy = rulesOf(situation, rollout);
  const end = pausedUntil(situation, rollout);
  if (policy === undefined || end === undefined || end > situation.now) return undefined;
  const analysis = policy.analysis ?? defaultAnalysis;
  const verdict = verdictOf(situation, rollout);
  if (verdict.kind !== 'no-sample' || analysis.onNoSample === 'promote') return nextStep(situation, rollout, {});
  if (analysis.onNoSample === 'hold') return undefined;
  return fail('ROLLOUT_REGRESSED', `${situation.service} revision ${rollout.to}: ${verdict.words}`, {
    fix: 'Nobody knows whether it is as good as the old version, which serves on. Send it traffic, or set deploy.analysis.onNoSample.',
  });
};

const nextStep = (situation: Situation, rollout: Rollout, change: NonNullable<Next['change']>): Next => {
  const { canary } = rollout;
  const steps = rulesOf(situation, rollout)?.canary?.steps ?? [];
  const step = (canary?.step ?? 0) + 1;
  if (canary === undefined || step >= steps.length) return { phase: 'replacing', change };
  return { phase: 'canary', change: { ...change, canary: { step, percent: canary.percent, begunAt: situation.now } } };
};

const pausedUntil = (situation: Situation, rollout: Rollout): number | undefined => {
  const step = rulesOf(situation, rollout)?.canary?.steps[rollout.canary?.step ?? 0];
  const since = rollout.canary?.since;
  if (since === undefined || step === undefined || step.pause === 'promote') return undefined;
  return unheldDue(situation, rollout, since, step.pause * 1000);
};

/** A few more requests may be all that is missing; after another window of them somebody has to be told. */
const overdueAt = (situation: Situation, rollout: Rollout): number | undefined => {
  const end = pausedUntil(situation, rollout);
  const { windowSeconds } = rulesOf(situation, rollout)?.analysis ?? defaultAnalysis;
  return end === undefined ? undefined : dueAfter(situation.sleeps, end, windowSeconds * 1000);
};

const bakedAt = (situation: Situation, rollout: Rollout): number | undefined =>
  unheldDue(situation, rollout, enteredAt(rollout), (rulesOf(situation, rollout)?.bakeSeconds ?? 0) * 1000);

import type { Operation, Rollout } from '../model/index.ts';
import { dueAfter, operationKey } from '../model/index.ts';
import { conditionsOf } from './conditions.ts';
import { progressDeadline } from './deadline.ts';
import type { Intent } from './intent.ts';
import { intentOf } from './intent.ts';
import { standsBy, stepLeaving } from './leaving.ts';
import { earliest, isLeaving, isLive, isReady } from './replicas.ts';
import { gateDeadlines } from './readiness.ts';
import { removals } from './removals.ts';
import { advanceRollout } from './rollout-step.ts';
import type { Selection } from './seats.ts';
import { select } from './selection.ts';
import type { ServicePlan, Situation } from './situation.ts';
import { isSameSplit, splitOf } from './split.ts';
import { standingOf } from './standing.ts';
import { areCandidatesReady, tryoutDue } from './tryout-step.ts';
import { wayBackEnds } from './way-back.ts';

/**
 * One look at one service: how far its rollout is and what to do now. Pure and level-triggered: the same facts give the
 * same answer however often and after whatever crash it is asked. Operations that are being executed aren't repeated.
 */
export const planService = (situation: Situation): ServicePlan => {
  const rollout = advanceRollout(situation);
  const intent = intentOf(situation, rollout);
  const selection = withoutHopeless(situation, intent, select(situation, intent));
  const leaving = selection.leaving.map((replica) =>
    intent.rules === undefined || standsBy(situation, rollout, replica)
      ? { operation: undefined, wakeAt: undefined }
      : stepLeaving(situation, replica, intent.rules.spec.policy),
  );
  const operations = [
    ...stepOperations(situation, rollout),
    ...routeOperation(situation, selection, rollout),
    ...selection.starts.map((start): Operation => ({ kind: 'start', service: situation.service, ...start })),
    ...leaving.map((step) => step.operation).filter((operation) => operation !== undefined),
    ...removals(situation, intent),
  ];
  return {
    operations: operations.filter((operation) => !situation.running.has(operationKey(operation))),
    rollout,
    conditions: conditionsOf(situation, rollout, intent),
    standing: standingOf(situation, rollout),
    wakeAt: earliest(situation.now, [
      ...selection.wakeTimes,
      ...leaving.map((step) => step.wakeAt),
      ...gateDeadlines(situation, rollout),
      ...hopelessAt(situation, intent),
      progressDeadline(situation, rollout),
      roundDueAt(situation, rollout),
      wayBackEnds(situation, rollout),
      ...tryoutDue(situation, rollout),
    ]),
  };
};

const stepOperations = (situation: Situation, rollout: Rollout | undefined): readonly Operation[] => {
  const { service } = situation;
  if (rollout?.phase === 'building' && situation.build.kind === 'pending') {
    return [{ kind: 'build', service, revision: rollout.to, cause: `revision ${rollout.to} has no image yet` }];
  }
  if (rollout?.phase === 'pre-deploy' && situation.preDeploy.kind === 'pending') {
    return [{ kind: 'pre-deploy', service, revision: rollout.to, cause: 'preDeployCommand runs before any replica' }];
  }
  return checkOperations(situation, rollout);
};

const checkOperations = (situation: Situation, rollout: Rollout | undefined): readonly Operation[] => {
  if (rollout === undefined) return [];
  const { service, checks, now } = situation;
  const common = { kind: 'verify', service, revision: rollout.to } as const;
  if (rollout.phase === 'checking' && checks.before.kind === 'pending') {
    return [{ ...common, stage: 'before', cause: 'nothing changes unless they succeed' }];
  }
  if (rollout.phase === 'staging' && checks.smoke.kind === 'pending' && areCandidatesReady(situation, rollout)) {
    return [{ ...common, stage: 'smoke', cause: 'users meet the new version only if they succeed' }];
  }
  if (isShifting(rollout) && checks.during.kind === 'pending' && checks.duringDueAt <= now) {
    return [{ ...common, stage: 'during', cause: 'users must not notice the replacement' }];
  }
  if (rollout.phase === 'verifying' && checks.after.kind === 'pending') {
    return [{ ...common, stage: 'after', cause: 'the old version stands by until they succeed' }];
  }
  return [];
};

/** The next round of what is asked while replicas are replaced. */
const roundDueAt = ({ checks }: Situation, rollout: Rollout | undefined): number | undefined =>
  rollout !== undefined && isShifting(rollout) && checks.during.kind === 'pending' ? checks.duringDueAt : undefined;

/** Users are on their way from one version to the other. */
const isShifting = ({ phase }: Rollout): boolean => phase === 'replacing' || phase === 'canary';

const routeOperation = (
  situation: Situation,
  selection: Selection,
  rollout: Rollout | undefined,
): readonly Operation[] => {
  const members = selection.members.map((member) => member.id);
  const routed = new Set(situation.routed);
  const split = splitOf(situation, rollout, selection.members);
  const isSame = members.length === routed.size && members.every((member) => routed.has(member));
  if (isSame && isSameSplit(split, situation.split)) return [];
  const entering = members.filter((member) => !routed.has(member)).length;
  const left = situation.routed.filter((member) => !members.includes(member)).length;
  const share = split?.shares.find(({ revision }) => revision === rollout?.to);
  const cause = [
    entering > 0 && `${entering} ready to serve`,
    left > 0 && `${left} to leave`,
    share !== undefined && `${share.percent} % of the requests to revision ${share.revision}`,
  ]
    .filter(Boolean)
    .join(', ');
  const operation = { kind: 'route', service: situation.service, members, cause: cause || 'all alike' } as const;
  return [split === undefined ? operation : { ...operation, split }];
};

/** Outside a rollout, a replica that does not become ready in its gate's time is stopped so that its slot starts anew. */
const withoutHopeless = (situation: Situation, intent: Intent, selection: Selection): Selection => {
  const hopeless = waitingOutsideRollout(situation, intent).filter((waiting) => waiting.deadline <= situation.now);
  if (hopeless.length === 0) return selection;
  return { ...selection, leaving: [...selection.leaving, ...hopeless.map((waiting) => waiting.replica)] };
};

const hopelessAt = (situation: Situation, intent: Intent): readonly number[] =>
  waitingOutsideRollout(situation, intent).map((waiting) => waiting.deadline);

const waitingOutsideRollout = (situation: Situation, intent: Intent) => {
  if (intent.kind !== 'replace' || situation.active !== intent.target.number) return [];
  const seconds = intent.target.spec.policy.gate.deadlineSeconds;
  return situation.replicas
    .filter(
      (replica) =>
        replica.revision === intent.target.number &&
        isLive(replica) &&
        !isReady(situation, replica) &&
        !isLeaving(situation, replica),
    )
    .map((replica) => ({
      replica,
      deadline: dueAfter(situation.sleeps, Math.max(replica.startedAt, situation.watchedSince ?? 0), seconds * 1000),
    }));
};

import type { Instant, ObservedReplica, Operation, Rollout, RolloutPolicy } from '../model/index.ts';
import { dueAfter } from '../model/index.ts';
import { takesOverAtOnce } from './batch.ts';
import { revisionOf } from './intent.ts';
import { isBeingEnded, isLeaving, isReady, isRouting } from './replicas.ts';
import type { Situation } from './situation.ts';

/** What to do next with a replica that has to go, and when to look again if nothing happens until then. */
export interface LeavingStep {
  readonly operation: Operation | undefined;
  readonly wakeAt: Instant | undefined;
}

/** What served before waits, idle and ready, until the new version has proved itself: the way back is then one table. */
export const standsBy = (situation: Situation, rollout: Rollout | undefined, replica: ObservedReplica): boolean =>
  rollout !== undefined &&
  isUndecided(situation, rollout) &&
  replica.revision === situation.active &&
  isReady(situation, replica) &&
  !isLeaving(situation, replica);

/** An atomic switch is not over with the table: the new version may end in that very instant. */
const isUndecided = (situation: Situation, { phase, to }: Rollout): boolean => {
  const policy = revisionOf(situation, to)?.spec.policy;
  const isSwitching = phase === 'replacing' && situation.active !== to && policy !== undefined;
  return phase === 'verifying' || phase === 'baking' || (isSwitching && takesOverAtOnce(policy));
};

const killAgainSeconds = 10;

/** left the routes (acknowledged) → overlap → drain → signals, each with its wait → SIGKILL. One step at a time. */
export const stepLeaving = (situation: Situation, replica: ObservedReplica, policy: RolloutPolicy): LeavingStep => {
  if (isBeingEnded(situation, replica)) return { operation: undefined, wakeAt: undefined };
  if (replica.signalledAt.length > 0) return nextSignal(situation, replica, policy);
  if (mayBeRouted(situation, replica)) return { operation: undefined, wakeAt: undefined };
  const { sleeps } = situation;
  const overlapEnd = dueAfter(sleeps, replica.unroutedAt ?? Number.NEGATIVE_INFINITY, policy.overlapSeconds * 1000);
  if (replica.drainingSince === undefined && overlapEnd > situation.now) {
    return { operation: undefined, wakeAt: overlapEnd };
  }
  const servedNothing = replica.unroutedAt === undefined && replica.inFlight === 0;
  if (!drains(policy) || servedNothing) {
    return signal(situation, replica, policy, { index: 0, cause: 'is not needed any more', cutFirst: drains(policy) });
  }
  return drainStep(situation, replica, policy);
};

/** While a table is under way nobody knows whether the replica is in it: only an acknowledgement says. */
const mayBeRouted = (situation: Situation, replica: ObservedReplica): boolean =>
  situation.routed.includes(replica.id) || isRouting(situation);

const drainStep = (situation: Situation, replica: ObservedReplica, policy: RolloutPolicy): LeavingStep => {
  if (replica.drainingSince === undefined) {
    const cause = `left the routes with ${replica.inFlight} in flight`;
    return { operation: { kind: 'drain', service: situation.service, replica: replica.id, cause }, wakeAt: undefined };
  }
  const deadline = dueAfter(situation.sleeps, replica.drainingSince, policy.drain.timeoutSeconds * 1000);
  if (replica.inFlight === 0) {
    return signal(situation, replica, policy, { index: 0, cause: 'drained', cutFirst: true });
  }
  if (deadline <= situation.now) {
    const cause = `${replica.inFlight} still in flight after ${policy.drain.timeoutSeconds} s of draining`;
    return signal(situation, replica, policy, { index: 0, cause, cutFirst: true });
  }
  return { operation: undefined, wakeAt: deadline };
};

const nextSignal = (situation: Situation, replica: ObservedReplica, policy: RolloutPolicy): LeavingStep => {
  const sent = replica.signalledAt.length;
  const last = policy.stop.signals[sent - 1];
  // SIGKILL ends everything at once, unless whoever noted it was killed before it was sent.
  const { signal: name, waitSeconds } = last ?? { signal: 'SIGKILL', waitSeconds: killAgainSeconds };
  const due = dueAfter(situation.sleeps, replica.signalledAt[sent - 1] ?? situation.now, waitSeconds * 1000);
  if (due > situation.now) return { operation: undefined, wakeAt: due };
  const cause = `did not end within ${waitSeconds} s after ${name}`;
  return signal(situation, replica, policy, { index: sent, cause, cutFirst: false });
};

const signal = (
  situation: Situation,
  replica: ObservedReplica,
  policy: RolloutPolicy,
  what: { index: number; cause: string; cutFirst: boolean },
): LeavingStep => ({
  operation: needsCommand(replica, policy)
    ? drainCommand(situation, replica)
    : {
        kind: 'signal',
        service: situation.service,
        replica: replica.id,
        signal: policy.stop.signals[what.index]?.signal ?? 'SIGKILL',
        cutFirst: what.cutFirst,
        cause: what.cause,
      },
  wakeAt: undefined,
});

/** Also with a policy that drains nothing at the proxy: it is about the replica's own work. */
const needsCommand = (replica: ObservedReplica, { handover }: RolloutPolicy): boolean =>
  handover?.command !== undefined &&
  replica.drainCommand === undefined &&
  replica.execution.kind === 'running' &&
  replica.signalledAt.length === 0;

const drainCommand = ({ service }: Situation, { id }: ObservedReplica): Operation => ({
  kind: 'drain-command',
  service,
  replica: id,
  cause: 'hands its work over before it is signalled',
});

const drains = ({ drain }: RolloutPolicy): boolean =>
  drain.http !== 'none' || drain.sse !== 'none' || drain.websocket !== 'none';

import type { Departure, ObservedReplica, Operation, RolloutPolicy } from '../model/index.ts';
import type { Intent } from './intent.ts';
import { seatsNow } from './intent.ts';
import { bySeat, isLeaving, isLive } from './replicas.ts';
import type { Situation } from './situation.ts';

/** Ended replicas go once nobody needs their last words: something newer sits in their slot, or the slot is gone. */
export const removals = (situation: Situation, intent: Intent): readonly Operation[] => {
  const kept = intent.kind === 'replace' ? intent.target.number : situation.active;
  const wanted = seatsNow(intent);
  const policy = intent.rules?.spec.policy;
  return situation.replicas
    .filter((replica) => !isLive(replica) && !situation.routed.includes(replica.id))
    .filter(
      (replica) =>
        replica.revision !== kept ||
        replica.slot >= wanted ||
        isLeaving(situation, replica) ||
        situation.replicas.some(
          (other) =>
            other.revision === replica.revision && other.slot === replica.slot && other.attempt > replica.attempt,
        ),
    )
    .sort(bySeat)
    .map((replica) => lastStep(situation, replica, policy));
};

/** Whoever was asked to go is asked about its work before it is forgotten. */
const lastStep = ({ service }: Situation, replica: ObservedReplica, policy: RolloutPolicy | undefined): Operation => {
  const departure = policy === undefined ? undefined : departureOf(replica, policy);
  if (departure !== undefined && policy?.handover?.check !== undefined && replica.drainCheck === undefined) {
    const { id, revision, slot, attempt } = replica;
    const seat = { id, service: replica.service, revision, slot, attempt };
    return { kind: 'drain-check', service, replica: seat, cause: 'what became of its work' };
  }
  const operation = { kind: 'remove', service, replica: replica.id, cause: 'has ended' } as const;
  return departure === undefined ? operation : { ...operation, departure };
};

const departureOf = (
  { execution, signalledAt: [first, ...more], revision }: ObservedReplica,
  { stop }: RolloutPolicy,
): Departure | undefined =>
  first === undefined || execution.kind !== 'exited'
    ? undefined
    : { revision, exit: execution.exit, signalledAt: first, wasKilled: more.length >= stop.signals.length };

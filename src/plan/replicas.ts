import type { Instant, ObservedReplica, ReplicaId, RevisionNumber, ServiceName, Slot } from '../model/index.ts';
import { operationKey, replicaIdOf } from '../model/index.ts';
import type { Situation, SlotHistory } from './situation.ts';

export const isLive = (replica: ObservedReplica): boolean => replica.execution.kind !== 'exited';

/** Once drained or signalled, or being so right now, a replica never serves again: nothing un-drains. */
export const isLeaving = (situation: Situation, replica: ObservedReplica): boolean =>
  replica.drainingSince !== undefined ||
  replica.drainCommand !== undefined ||
  replica.signalledAt.length > 0 ||
  isBeingEnded(situation, replica);

/** A drain or a signal is on its way to it and has not been noted yet. */
export const isBeingEnded = ({ running, service }: Situation, { id }: ObservedReplica): boolean => {
  for (const key of running) {
    // Most of what runs is about others: told apart before any key is made.
    if (key.includes(id) && isEnding(key, service, id)) return true;
  }
  return false;
};

const isEnding = (key: string, service: ServiceName, replica: ReplicaId): boolean =>
  key === operationKey({ kind: 'drain', service, replica, cause: '' }) ||
  key === operationKey({ kind: 'drain-command', service, replica, cause: '' }) ||
  key.startsWith(`${service}/signal/${replica}/`);

export const isReady = (situation: Situation, replica: ObservedReplica): boolean =>
  replica.readyAt !== undefined && replica.execution.kind === 'running' && !isLeaving(situation, replica);

/** Oldest revision first, then slot and attempt: every list the planner makes is in this order, so that plans can be compared. */
export const bySeat = (a: ObservedReplica, b: ObservedReplica): number =>
  a.revision - b.revision || a.slot - b.slot || a.attempt - b.attempt;

/** The replica that holds a slot: the newest that lives and isn't on its way out. */
export const holderOf = (situation: Situation, revision: RevisionNumber, slot: Slot): ObservedReplica | undefined => {
  let newest: ObservedReplica | undefined;
  for (const replica of situation.replicas) {
    if (replica.revision !== revision || replica.slot !== slot) continue;
    if (newest !== undefined && newest.attempt > replica.attempt) continue;
    if (isLive(replica) && !isLeaving(situation, replica)) newest = replica;
  }
  return newest;
};

export const historyOf = (situation: Situation, revision: RevisionNumber, slot: Slot): SlotHistory | undefined =>
  situation.slots.find((history) => history.revision === revision && history.slot === slot);

/** The attempt that would come next, and whether the one before it is still being started. */
export const nextAttempt = (
  situation: Situation,
  revision: RevisionNumber,
  slot: Slot,
): { readonly attempt: number; readonly isStarting: boolean } => {
  let last = historyOf(situation, revision, slot)?.lastAttempt ?? 0;
  for (const replica of situation.replicas) {
    if (replica.revision === revision && replica.slot === slot) last = Math.max(last, replica.attempt);
  }
  // The table may still name one that is gone, and of which no word was left on a full disk.
  while (situation.routed.includes(idOf(situation, revision, slot, last + 1))) last += 1;
  const isRunning = (attempt: number): boolean =>
    situation.running.has(startKey(situation, idOf(situation, revision, slot, attempt)));
  const isStarting = situation.running.size > 0 && (isRunning(last) || isRunning(last + 1));
  return { attempt: last + 1, isStarting };
};

/** A table is under way. */
export const isRouting = ({ running, service }: Situation): boolean =>
  running.has(operationKey({ kind: 'route', service, members: [], cause: '' }));

/** Starts of a revision, or of any, that were begun and can't be observed yet. */
export const startsUnderWay = (situation: Situation, revision?: RevisionNumber): number => {
  if (situation.running.size === 0) return 0;
  const observed = new Set(situation.replicas.map((replica) => startKey(situation, replica.id)));
  const seat = revision === undefined ? '' : idOf(situation, revision, 0, 0).slice(0, -'0-0'.length);
  const prefix = startKey(situation, seat as ReplicaId);
  return [...situation.running].filter((key) => key.startsWith(prefix) && !observed.has(key)).length;
};

export const idOf = (situation: Situation, revision: RevisionNumber, slot: Slot, attempt: number): ReplicaId =>
  replicaIdOf(situation, { service: situation.service, revision, slot, attempt });

/** The first time that was given and is still to come. */
export const earliest = (now: Instant, times: readonly (Instant | undefined)[]): Instant | undefined => {
  const future = times.filter((time): time is Instant => time !== undefined && time > now);
  return future.length === 0 ? undefined : Math.min(...future);
};

const startKey = (situation: Situation, id: ReplicaId): string =>
  operationKey({
    kind: 'start',
    service: situation.service,
    cause: '',
    replica: { id, service: situation.service, revision: 0, slot: 0, attempt: 0 },
  });

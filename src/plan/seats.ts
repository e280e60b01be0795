import type { ObservedReplica, ReplicaIdentity, Revision } from '../model/index.ts';
import { isExclusive } from '../model/index.ts';
import { bySeat, historyOf, holderOf, idOf, isLive, nextAttempt, startsUnderWay } from './replicas.ts';
import { decideRestart } from './restart.ts';
import type { Situation } from './situation.ts';

/** Seats to fill now, and when a restart's backoff lets more be filled. */
export interface Fill {
  readonly starts: readonly { readonly replica: ReplicaIdentity; readonly cause: string }[];
  readonly wakeTimes: readonly number[];
}

/** Which replicas the routes should have, which seats should be filled, and which replicas have to go. */
export interface Selection extends Fill {
  readonly members: readonly ObservedReplica[];
  readonly leaving: readonly ObservedReplica[];
  /** Every wanted seat has a ready holder and nothing else is routed or wanted. */
  readonly settled: boolean;
}

export const nothingToFill: Fill = { starts: [], wakeTimes: [] };

export interface FillLimits {
  /** Seats 0 to this are wanted. */
  readonly wanted: number;
  /** How many may be filled now. */
  readonly room: number;
  readonly why: string;
}

export const fillSlots = (situation: Situation, revision: Revision, limits: FillLimits): Fill => {
  const starts: { replica: ReplicaIdentity; cause: string }[] = [];
  const wakeTimes: number[] = [];
  let room = Math.min(limits.room, roomForExclusive(situation, revision));
  for (let slot = 0; slot < limits.wanted; slot += 1) {
    if (holderOf(situation, revision.number, slot) !== undefined) continue;
    const { attempt, isStarting } = nextAttempt(situation, revision.number, slot);
    if (isStarting) continue;
    const history = historyOf(situation, revision.number, slot);
    const decision = decideRestart(history, revision.spec.policy.restart, situation.now);
    if (decision.kind === 'at') wakeTimes.push(decision.at);
    if (decision.kind !== 'now' || room <= 0) continue;
    room -= 1;
    const seat = { service: situation.service, revision: revision.number, slot, attempt };
    const crash = history?.crashes.at(-1);
    starts.push({
      replica: { id: idOf(situation, revision.number, slot, attempt), ...seat },
      cause: crash === undefined ? limits.why : `restart ${history?.crashes.length}: ${crash.words}`,
    });
  }
  return { starts, wakeTimes };
};

/** Two replicas never have a volume or a host port at the same time, whichever versions they are of, and whatever rules are in force. */
const roomForExclusive = (situation: Situation, revision: Revision): number => {
  if (!isExclusive(revision.spec)) return Number.POSITIVE_INFINITY;
  const holders = situation.replicas.filter((replica) => isLive(replica) && isOfExclusive(situation, replica));
  const exclusive = situation.revisions.filter(({ spec }) => isExclusive(spec));
  const coming = exclusive.map(({ number }) => startsUnderWay(situation, number));
  return 1 - holders.length - coming.reduce((sum, count) => sum + count, 0);
};

export const isOfExclusive = (situation: Situation, { revision }: ObservedReplica): boolean =>
  situation.revisions.some((each) => each.number === revision && isExclusive(each.spec));

/** Of so many seats those that are empty for good, by the restart policy. */
export const seatsGivenUp = (situation: Situation, revision: Revision, seats: number): number => {
  let givenUp = 0;
  for (let slot = 0; slot < seats; slot += 1) {
    if (holderOf(situation, revision.number, slot) !== undefined) continue;
    const history = historyOf(situation, revision.number, slot);
    if (decideRestart(history, revision.spec.policy.restart, situation.now).kind === 'never') givenUp += 1;
  }
  return givenUp;
};

/** Seats of the revision, below a number, that somebody sits in and isn't on the way out of. */
export const holdersOf = (situation: Situation, revision: Revision, seats: number): readonly ObservedReplica[] => {
  const holders: ObservedReplica[] = [];
  for (let slot = 0; slot < seats; slot += 1) {
    const holder = holderOf(situation, revision.number, slot);
    if (holder !== undefined) holders.push(holder);
  }
  return holders;
};

export const allLive = (situation: Situation): ObservedReplica[] => situation.replicas.filter(isLive).sort(bySeat);

export const isRouted =
  (situation: Situation) =>
  (replica: ObservedReplica): boolean =>
    situation.routed.includes(replica.id);

export const whyStart = (situation: Situation, target: Revision): string =>
  situation.active === target.number
    ? `keeps ${situation.wanted?.before ?? situation.wanted?.replicas ?? target.spec.replicas} running`
    : `revision ${target.number}: ${target.cause}`;

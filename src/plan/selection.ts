import type { ObservedReplica, Revision, RolloutPolicy } from '../model/index.ts';
import { isExclusive } from '../model/index.ts';
import { resolveBatch, takesOverAtOnce } from './batch.ts';
import type { Intent } from './intent.ts';
import { keepersOf, mostOf } from './keepers.ts';
import { bySeat, isLeaving, isLive, isReady, startsUnderWay } from './replicas.ts';
import {
  allLive,
  fillSlots,
  holdersOf,
  isOfExclusive,
  isRouted,
  nothingToFill,
  seatsGivenUp,
  whyStart,
} from './seats.ts';
import type { Selection } from './seats.ts';
import { selectWhilePaused, selectWhileTryingOut } from './selection-beside.ts';
import type { Situation } from './situation.ts';

export const select = (situation: Situation, intent: Intent): Selection => {
  switch (intent.kind) {
    case 'remove':
      return {
        members: [],
        starts: [],
        leaving: situation.replicas.filter(isLive).sort(bySeat),
        settled: false,
        wakeTimes: [],
      };
    case 'hold':
      return selectWhileHolding(situation, intent);
    case 'try-out':
      return selectWhileTryingOut(situation, intent);
    case 'replace':
      return intent.pausedWith === undefined
        ? selectWhileReplacing(situation, intent)
        : selectWhilePaused(situation, { ...intent, pausedWith: intent.pausedWith });
  }
};

const selectWhileHolding = (situation: Situation, intent: Intent & { kind: 'hold' }): Selection => {
  const { active, before } = intent;
  const keepers = keepersOf(situation, intent);
  // stop-first may mean that two must never run together: then also what is on its way out takes a place.
  const isAlone = intent.rules.spec.policy.order === 'stop-first';
  const free = isAlone ? before - allLive(situation).length : mostOf(intent) - keepers.length;
  const room = free - startsUnderWay(situation);
  const fill =
    active === undefined
      ? nothingToFill
      : fillSlots(situation, active, { wanted: before, room, why: 'keeps its capacity' });
  // A supervisor that was killed while the disk was full may have begun the new revision already, and nobody knows how far.
  const isOther = ({ revision }: ObservedReplica): boolean => revision !== intent.rules.number;
  return {
    ...fill,
    members: keepers.filter((each) => isReady(situation, each) && (isOther(each) || isRouted(situation)(each))),
    leaving: allLive(situation).filter((replica) => !keepers.includes(replica)),
    settled: false,
  };
};

const selectWhileReplacing = (situation: Situation, intent: Intent & { kind: 'replace' }): Selection => {
  const { target, wanted } = intent;
  const policy = intent.rules.spec.policy;
  const { surge, unavailable } = resolveBatch(policy, wanted);
  const holders = holdersOf(situation, target, wanted);
  const ready = holders.filter((replica) => isReady(situation, replica));
  const others = allLive(situation).filter((replica) => !holders.includes(replica) && !isLeaving(situation, replica));
  const readyOthers = others.filter((replica) => isReady(situation, replica));
  const serving = readyOthers.filter(isRouted(situation));
  const floor = wanted - unavailable;
  const whole = wholeOf(situation, target, wanted);
  const retreats = retreatsNow(intent, ready);
  const idle = idleOf(situation, intent, readyOthers);
  const staying = retreats
    ? neededForFloor(floor, ready, serving)
    : othersThatStay({ policy, whole, floor, ready, serving, idle });
  // Who has the volume or the host port that the target needs has to end first, also where rules without them lead back.
  const stayingOthers = [...staying, ...standIns(target, { whole, wanted, ready, serving, staying })].filter(
    (replica) => !(isExclusive(target.spec) && isOfExclusive(situation, replica)),
  );
  const entering = retreats ? ready : newMembers(situation, policy, { whole, ready, serving: stayingOthers });
  const members = [...entering, ...stayingOthers].sort(bySeat);
  const leaving = allLive(situation).filter(
    (replica) => !holders.includes(replica) && (isLeaving(situation, replica) || !stayingOthers.includes(replica)),
  );
  // An old replica counts until the proxy acknowledged that it left; with stop-first until it has ended. An atomic switch
  // needs room for its whole set, also when versions that were given up serve beside each other.
  const beside = takesOverAtOnce(policy) ? Math.min(serving.length, surge) : serving.length;
  const old = policy.order === 'stop-first' ? allLive(situation).length - holders.length : beside;
  const occupied = holders.length + old + startsUnderWay(situation);
  const fill = fillSlots(situation, target, {
    wanted,
    room: wanted + surge - occupied,
    why: whyStart(situation, target),
  });
  return {
    members,
    starts: fill.starts,
    leaving,
    settled: ready.length === wanted && serving.length === 0,
    wakeTimes: fill.wakeTimes,
  };
};

/** Away from a version that failed, without waiting for full capacity; only what the floor still needs of it stays. */
const retreatsNow = (intent: Intent & { kind: 'replace' }, ready: readonly ObservedReplica[]): boolean =>
  intent.retreats === true && ready.length > 0;

/** All of the target that can be had: a way back does not wait for replicas of the old version that are never started again. */
const wholeOf = (situation: Situation, target: Revision, wanted: number): number =>
  situation.active === target.number ? Math.max(1, wanted - seatsGivenUp(situation, target, wanted)) : wanted;

/** For seats that are empty for good: replicas of the same version whose own seats are not wanted any more. */
const standIns = (
  target: Revision,
  facts: {
    readonly whole: number;
    readonly wanted: number;
    readonly ready: readonly ObservedReplica[];
    readonly serving: readonly ObservedReplica[];
    readonly staying: readonly ObservedReplica[];
  },
): readonly ObservedReplica[] => {
  const { whole, wanted, ready, serving, staying } = facts;
  if (whole === wanted) return [];
  const same = serving.filter((replica) => replica.revision === target.number && !staying.includes(replica));
  return same.slice(0, Math.max(0, wanted - ready.length - staying.length));
};

/** Replicas outside the target that go on serving for now. */
const othersThatStay = (facts: {
  policy: RolloutPolicy;
  whole: number;
  floor: number;
  ready: readonly ObservedReplica[];
  serving: readonly ObservedReplica[];
  idle: readonly ObservedReplica[];
}): readonly ObservedReplica[] => {
  const { policy, whole, floor, ready, serving, idle } = facts;
  if (policy.order === 'concurrent') return [];
  if (takesOverAtOnce(policy)) return ready.length >= whole ? [] : [...serving, ...idle];
  return neededForFloor(floor, ready, serving);
};

/** The old version after an atomic switch: should the new one end in that instant, it is still there and serves again. */
const idleOf = (
  situation: Situation,
  { target }: Intent & { kind: 'replace' },
  readyOthers: readonly ObservedReplica[],
): readonly ObservedReplica[] =>
  situation.active === target.number
    ? []
    : readyOthers.filter((replica) => replica.revision === situation.active && !isRouted(situation)(replica));

const neededForFloor = (
  floor: number,
  ready: readonly ObservedReplica[],
  serving: readonly ObservedReplica[],
): readonly ObservedReplica[] => {
  const mayLeave = Math.max(0, ready.length + serving.length - floor);
  return serving.slice(Math.min(mayLeave, serving.length));
};

/** Target replicas that the routes may have: with an atomic switch only all at once, unless nothing else serves. */
const newMembers = (
  situation: Situation,
  policy: RolloutPolicy,
  facts: { whole: number; ready: readonly ObservedReplica[]; serving: readonly ObservedReplica[] },
): readonly ObservedReplica[] => {
  const waitsForAll = policy.switch === 'atomic' && facts.serving.length > 0 && facts.ready.length < facts.whole;
  return waitsForAll ? facts.ready.filter(isRouted(situation)) : facts.ready;
};

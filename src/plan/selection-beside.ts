import type { ObservedReplica, Revision } from '../model/index.ts';
import type { Intent } from './intent.ts';
import { keepersOf } from './keepers.ts';
import { bySeat, historyOf, isLeaving, isReady, startsUnderWay } from './replicas.ts';
import { allLive, fillSlots, holdersOf, isRouted, nothingToFill, seatsGivenUp, whyStart } from './seats.ts';
import type { Fill, Selection } from './seats.ts';
import type { Situation } from './situation.ts';

/** The old version stays whole; so many of the new one run beside it, and are in the routes once users may meet them. */
export const selectWhileTryingOut = (situation: Situation, intent: Intent & { kind: 'try-out' }): Selection => {
  const { active, rules, wanted, before, candidates } = intent;
  const old = keepersOf(situation, intent).filter(({ revision }) => revision !== rules.number);
  // The rules may have become ones by which nobody stands beside another: then nobody comes beside anybody any more.
  const isAlone = rules.spec.policy.order === 'stop-first';
  const holders = isAlone && isInTheWay(situation, intent, old.length) ? [] : holdersOf(situation, rules, wanted);
  const occupied = allLive(situation).length + startsUnderWay(situation);
  const beside = old.length + startsUnderWay(situation) - startsUnderWay(situation, rules.number);
  const room = before - (isAlone ? occupied : beside);
  const gaps =
    active === undefined
      ? nothingToFill
      : fillSlots(situation, active, { wanted: before, room, why: 'keeps its capacity' });
  const freshRoom = isAlone ? wanted - occupied - gaps.starts.length : candidates;
  const fresh = fillSlots(situation, rules, { wanted: candidates, room: freshRoom, why: whyStart(situation, rules) });
  const ready = old.filter((replica) => isReady(situation, replica));
  // A supervisor that was killed while the disk was full may have got further: who serves alone by now goes on.
  const mayServe = (replica: ObservedReplica): boolean =>
    isReady(situation, replica) && (intent.isRouted || (ready.length === 0 && isRouted(situation)(replica)));
  const members = [...ready, ...holders.filter(mayServe)];
  return {
    ...together(fresh, gaps),
    members: members.sort(bySeat),
    leaving: allLive(situation).filter((replica) => !old.includes(replica) && !holders.includes(replica)),
    settled: false,
  };
};

/** A preview, which waits for somebody, keeps nobody of the old version from coming back meanwhile. */
const isInTheWay = (
  situation: Situation,
  { active, isPreview, before }: Intent & { kind: 'try-out' },
  old: number,
): boolean => isPreview && active !== undefined && old < before - seatsGivenUp(situation, active, before);

/** A replacement that is held, and whose old version fills gaps. */
type Pausing = Intent & { kind: 'replace' } & { readonly pausedWith: Revision };

/** Half replaced, and held there: nobody else leaves or is replaced, and who crashes comes back as what it was. */
export const selectWhilePaused = (situation: Situation, intent: Pausing): Selection => {
  const { target, wanted, pausedWith } = intent;
  const holders = holdersOf(situation, target, wanted);
  const others = allLive(situation).filter(
    (replica) =>
      !holders.includes(replica) &&
      !isLeaving(situation, replica) &&
      (isRouted(situation)(replica) || replica.revision === pausedWith.number),
  );
  const ready = holders.filter((replica) => isReady(situation, replica));
  const entersTogether = intent.rules.spec.policy.switch === 'atomic' && others.length > 0;
  const entered = entersTogether ? ready.filter(isRouted(situation)) : ready;
  return {
    ...fillWhilePaused(situation, intent, holders.length + others.length),
    members: [...entered, ...others.filter((replica) => isReady(situation, replica))].sort(bySeat),
    leaving: allLive(situation).filter((replica) => !holders.includes(replica) && !others.includes(replica)),
    settled: false,
  };
};

/** Seats that the new version had already, then the old version's, as far as there is capacity missing. */
const fillWhilePaused = (situation: Situation, intent: Pausing, kept: number): Fill => {
  const { target, wanted, before, pausedWith, rules } = intent;
  const occupied = rules.spec.policy.order === 'stop-first' ? allLive(situation).length : kept;
  const room = wanted - occupied - startsUnderWay(situation);
  const again = fillSlots(situation, target, { wanted, room, why: whyStart(situation, target) });
  const taken = again.starts.filter(({ replica }) => historyOf(situation, target.number, replica.slot) !== undefined);
  const gaps = fillSlots(situation, pausedWith, {
    wanted: before,
    room: room - taken.length,
    why: 'keeps its capacity',
  });
  return together({ ...again, starts: taken }, gaps);
};

const together = (one: Fill, other: Fill): Fill => ({
  starts: [...one.starts, ...other.starts],
  wakeTimes: [...one.wakeTimes, ...other.wakeTimes],
});

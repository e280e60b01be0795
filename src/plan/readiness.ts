import type { Instant, ObservedReplica, Rollout, Slot } from '../model/index.ts';
import { dueAfter } from '../model/index.ts';
import { revisionOf } from './intent.ts';
import type { Next } from './next.ts';
import { fail } from './next.ts';
import { enteredAt } from './pauses.ts';
import { historyOf, holderOf, isReady } from './replicas.ts';
import { decideRestart } from './restart.ts';
import type { Crash, Situation } from './situation.ts';

/** Whether the first so many seats of the new version have a ready holder. */
export const areReady = (situation: Situation, rollout: Rollout, seats: number): boolean =>
  slotsOf(seats).every((slot) => {
    const holder = holderOf(situation, rollout.to, slot);
    return holder !== undefined && isReady(situation, holder);
  });

/** Why one of these seats will never have one: it can't start, its restarts or its gate's time are used up. */
export const unreadyFailure = (situation: Situation, rollout: Rollout, seats: number): Next | undefined => {
  const revision = revisionOf(situation, rollout.to);
  if (revision === undefined) return undefined;
  const { gate, restart } = revision.spec.policy;
  for (let slot = 0; slot < seats; slot += 1) {
    const history = historyOf(situation, rollout.to, slot);
    const holder = holderOf(situation, rollout.to, slot);
    if (holder !== undefined && isReady(situation, holder)) continue;
    const crash = history?.crashes.at(-1);
    const name = `${situation.service} revision ${rollout.to}, replica ${slot}`;
    if (crash !== undefined && holder === undefined) {
      const decision = decideRestart(history, restart, situation.now);
      if (crash.how === 'not-started') return failByCrash(`${name}: ${crash.words}`, crash);
      if (decision.kind === 'never') return failByCrash(`${name}: ${decision.words}`, crash);
    }
    const since = unreadySince(situation, rollout, slot);
    if (since !== undefined && dueAfter(situation.sleeps, since, gate.deadlineSeconds * 1000) <= situation.now) {
      const last = holder?.lastProbeFailure ?? crash?.words ?? 'no probe answered';
      return fail('ROLLOUT_FAILED', `${name} never became ready within ${gate.deadlineSeconds} s: ${last}`, {
        fix: 'Look at its output below, and at healthcheckPath, healthcheckTimeout and the port it listens on.',
        output: crash?.output ?? [],
      });
    }
  }
  return undefined;
};

/** The moments at which a replica that isn't ready would have used up its gate's time. */
export const gateDeadlines = (situation: Situation, rollout: Rollout | undefined): readonly Instant[] => {
  const revision = revisionOf(situation, rollout?.to);
  if (rollout === undefined || revision === undefined || !waitsForReady(rollout)) return [];
  const seconds = revision.spec.policy.gate.deadlineSeconds;
  return slotsOf(situation.wanted?.replicas ?? 0)
    .filter((slot) => !isHeldByReady(situation, rollout, slot))
    .map((slot) => unreadySince(situation, rollout, slot))
    .filter((since) => since !== undefined)
    .map((since) => dueAfter(situation.sleeps, since, seconds * 1000));
};

const waitsForReady = ({ phase }: Rollout): boolean =>
  phase === 'staging' || phase === 'previewing' || phase === 'canary' || phase === 'replacing';

const isHeldByReady = (situation: Situation, rollout: Rollout, slot: Slot): boolean => {
  const holder = holderOf(situation, rollout.to, slot);
  return holder !== undefined && isReady(situation, holder);
};

/** All attempts in a seat share its time; while no supervisor ran none passed. One that was ready and crashed, while users or a person try it out, gets it anew. */
const unreadySince = (situation: Situation, rollout: Rollout, slot: Slot): Instant | undefined => {
  const holder = holderOf(situation, rollout.to, slot);
  const first = firstStart(holder, historyOf(situation, rollout.to, slot)?.firstStartedAt);
  if (first === undefined) return undefined;
  const watched = situation.watchedSince ?? 0;
  if (rollout.phase === 'previewing' || rollout.canary?.since !== undefined) {
    return holder === undefined ? undefined : Math.max(holder.startedAt, watched);
  }
  return Math.max(watched, first, rollout.phase === 'canary' ? (rollout.canary?.begunAt ?? 0) : enteredAt(rollout));
};

const firstStart = (holder: ObservedReplica | undefined, first: Instant | undefined): Instant | undefined =>
  holder === undefined ? first : Math.min(holder.startedAt, first ?? holder.startedAt);

const slotsOf = (seats: number): readonly Slot[] => Array.from({ length: seats }, (_, slot) => slot);

const failByCrash = (message: string, crash: Crash): Next =>
  fail('ROLLOUT_FAILED', message, {
    fix: crash.fix ?? 'Correct what its last lines show and deploy again; what served before goes on serving.',
    output: crash.output,
  });

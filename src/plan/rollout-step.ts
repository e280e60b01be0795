import type { Rollout, RolloutPhase } from '../model/index.ts';
import { isFinished } from '../model/index.ts';
import { trafficOf } from './analysis.ts';
import { deadlineFailure, waitingFailure } from './deadline.ts';
import { intentOf } from './intent.ts';
import type { Next } from './next.ts';
import { enter, fail } from './next.ts';
import { isHeld } from './pauses.ts';
import { unreadyFailure } from './readiness.ts';
import { regression } from './regression.ts';
import { select } from './selection.ts';
import type { Situation } from './situation.ts';
import {
  afterBaking,
  afterCanary,
  afterPreviewing,
  afterStaging,
  afterSwitch,
  firstOfReplacement,
  waitsFor,
} from './tryout-step.ts';
import { withWayBack } from './way-back.ts';

/** The rollout as far as today's facts carry it. Returns the same object when it stays where it is. */
export const advanceRollout = (situation: Situation): Rollout | undefined => {
  if (situation.rollout === undefined) return undefined;
  if (isFinished(situation.rollout.phase)) {
    return situation.rollout.isReturning === true ? withWayBack(situation, situation.rollout) : situation.rollout;
  }
  let rollout = withPauses(situation, situation.rollout);
  // Every turn enters a later phase or a later state of it, and there are only so many.
  for (;;) {
    const next = isFinished(rollout.phase) ? undefined : nextOf(situation, rollout);
    if (next === undefined) return withWayBack(situation, withWaiting(situation, rollout));
    rollout = enter(rollout, next, situation.now);
  }
};

const nextOf = (situation: Situation, rollout: Rollout): Next | undefined => {
  if (situation.wanted === undefined) return { phase: 'superseded' };
  if (situation.requests?.aborted === true && rollout.phase !== 'retiring') return aborted(situation, rollout);
  // Being held keeps a version from getting further, not from being taken back.
  if (isHeld(rollout) && rollout.phase !== 'retiring') return regression(situation, rollout);
  return nextPhase(situation, rollout) ?? deadlineFailure(situation, rollout);
};

const nextPhase = (situation: Situation, rollout: Rollout): Next | undefined => {
  switch (rollout.phase) {
    case 'waiting':
      return afterWaiting(situation, rollout);
    case 'building':
      return afterStep(situation.build, situation.checks.before.kind === 'done' ? 'pre-deploy' : 'checking');
    case 'checking':
      return afterStep(situation.checks.before, 'pre-deploy');
    case 'pre-deploy':
      return afterStep(situation.preDeploy, firstOfReplacement(situation, rollout));
    case 'staging':
      return afterStaging(situation, rollout);
    case 'previewing':
      return afterPreviewing(situation, rollout);
    case 'canary':
      return afterCanary(situation, rollout);
    case 'replacing':
      return afterReplacing(situation, rollout);
    case 'verifying':
      return afterVerifying(situation, rollout);
    case 'baking':
      return afterBaking(situation, rollout);
    case 'retiring':
      return othersAreGone(situation, rollout) ? { phase: 'completed' } : undefined;
    case 'completed':
    case 'failed':
    case 'superseded':
      return undefined;
  }
};

const afterWaiting = (situation: Situation, rollout: Rollout): Next | undefined => {
  const { dependencies, service } = situation;
  if (dependencies.failed !== undefined) {
    return fail(
      'ROLLOUT_FAILED',
      `${service} was not begun because ${dependencies.failed}, which it depends on, failed`,
      {
        fix: `Repair ${dependencies.failed} and deploy again.`,
      },
    );
  }
  return dependencies.waitingFor.length === 0 ? { phase: 'building' } : waitingFailure(situation, rollout);
};

const afterStep = (step: Situation['build'], phase: RolloutPhase): Next | undefined => {
  switch (step.kind) {
    case 'pending':
      return undefined;
    case 'done':
      return { phase };
    case 'failed':
      return { phase: 'failed', failure: step.error };
  }
};

const afterReplacing = (situation: Situation, rollout: Rollout): Next | undefined => {
  if (situation.checks.during.kind === 'failed') return { phase: 'failed', failure: situation.checks.during.error };
  if (hasTakenOver(situation, rollout)) {
    const baseline = trafficOf(situation.traffic, situation.active);
    const next =
      situation.checks.after.kind === 'done' ? afterSwitch(situation, rollout) : { phase: 'verifying' as const };
    return { ...next, ...(baseline !== undefined && { change: { baseline } }) };
  }
  return unreadyFailure(situation, rollout, situation.wanted?.replicas ?? 0);
};

/** Every wanted replica of the new version is ready, and the routes have nobody else. */
const hasTakenOver = (situation: Situation, rollout: Rollout): boolean => {
  const intent = intentOf(situation, rollout);
  if (intent.kind !== 'replace') return false;
  const { members, settled } = select(situation, intent);
  const routed = new Set(situation.routed);
  return settled && members.length === routed.size && members.every(({ id }) => routed.has(id));
};

/** Going back to what worked is never undone: its checks only report. */
const afterVerifying = (situation: Situation, rollout: Rollout): Next | undefined => {
  const { after } = situation.checks;
  if (after.kind === 'failed' && rollout.isRollback === true) return { phase: 'retiring' };
  // Where the old version had to serve again meanwhile, a good answer may have been its own.
  if (after.kind === 'done' && !hasTakenOver(situation, rollout)) {
    return unreadyFailure(situation, rollout, situation.wanted?.replicas ?? 0);
  }
  return afterStep(after, afterSwitch(situation, rollout).phase);
};

/** Removed too: what became of their work belongs to the rollout's report. */
const othersAreGone = (situation: Situation, rollout: Rollout): boolean =>
  situation.replicas.every((replica) => replica.revision === rollout.to);

const aborted = ({ service }: Situation, { to, phase }: Rollout): Next =>
  fail('ROLLOUT_ABORTED', `${service} revision ${to} was aborted while ${phase}`, {
    fix: 'The version before serves on. `pointsman deploy` begins anew.',
  });

/** Keeps count of when people held it. */
const withPauses = ({ requests, now }: Situation, rollout: Rollout): Rollout => {
  const isAsked = requests?.paused === true;
  const { pauses = [] } = rollout;
  if (isAsked === isHeld(rollout)) return rollout;
  const last = pauses.at(-1);
  if (isAsked) return { ...rollout, pauses: [...pauses, { from: now }] };
  return { ...rollout, pauses: [...pauses.slice(0, -1), ...(last === undefined ? [] : [{ ...last, to: now }])] };
};

const withWaiting = (situation: Situation, rollout: Rollout): Rollout => {
  const now = isFinished(rollout.phase) ? undefined : waitsFor(situation, rollout);
  if (now === rollout.waitsFor) return rollout;
  const { waitsFor: _before, ...others } = rollout;
  return now === undefined ? others : { ...others, waitsFor: now };
};

import type { Condition, Rollout } from '../model/index.ts';
import { counted, isFinished, whenAsked } from '../model/index.ts';
import type { Intent } from './intent.ts';
import { seatsNow } from './intent.ts';
import { historyOf, isReady } from './replicas.ts';
import { decideRestart } from './restart.ts';
import type { Situation } from './situation.ts';
import { standingOf } from './standing.ts';

/** The three conditions that follow from the facts. `since` is now; whoever stores them keeps the older time of an unchanged one. */
export const conditionsOf = (
  situation: Situation,
  rollout: Rollout | undefined,
  intent: Intent,
): readonly Condition[] => [
  available(situation, rollout, intent),
  progressing(situation, rollout),
  ...verified(situation, rollout),
  degraded(situation, intent),
];

const available = (situation: Situation, rollout: Rollout | undefined, intent: Intent): Condition => {
  const routed = situation.replicas.filter(
    (replica) => situation.routed.includes(replica.id) && isReady(situation, replica),
  ).length;
  const wanted = seatsNow(intent);
  const message = `${routed} of ${wanted} replicas are ready and routed`;
  if (routed === 0) {
    // As long as a rollout is under way it may still come to that by itself.
    const needsSomebody = wanted > 0 && (rollout === undefined || isFinished(rollout.phase));
    return condition(situation, {
      type: 'Available',
      status: wanted === 0 ? 'unknown' : 'false',
      reason: 'NoReplicaReady',
      message: needsSomebody ? `${message}; ${lastWordsOf(situation)}` : message,
    });
  }
  return condition(situation, {
    type: 'Available',
    status: 'true',
    reason: routed >= wanted ? 'AllReplicasReady' : 'SomeReplicasMissing',
    message,
  });
};

const progressing = (situation: Situation, rollout: Rollout | undefined): Condition => {
  if (rollout === undefined)
    return condition(situation, {
      type: 'Progressing',
      status: 'false',
      reason: 'NothingDeployed',
      message: 'nothing was deployed yet',
    });
  if (!isFinished(rollout.phase)) {
    const message =
      rollout.phase === 'waiting'
        ? `revision ${rollout.to} waits for ${situation.dependencies.waitingFor.join(', ')}`
        : (standingOf(situation, rollout) ?? `revision ${rollout.to} is ${rollout.phase}`);
    return condition(situation, { type: 'Progressing', status: 'true', reason: underWayReason(rollout), message });
  }
  if (situation.isFailurePast === true) {
    const message = `revision ${situation.active} is what the manifest says, and serves`;
    return condition(situation, { type: 'Progressing', status: 'false', reason: 'NothingToReplace', message });
  }
  if (rollout.phase === 'failed') {
    const { message = `revision ${rollout.to} failed`, fix } = rollout.failure ?? {};
    return condition(situation, {
      type: 'Progressing',
      status: 'false',
      reason: 'RolloutFailed',
      message: fix === undefined ? message : `${message}. ${fix}`,
    });
  }
  return condition(situation, {
    type: 'Progressing',
    status: 'false',
    reason: 'RolloutFinished',
    message: `revision ${rollout.to} is ${rollout.phase}`,
  });
};

const underWayReason = ({ waitsFor }: Rollout): string =>
  waitsFor === undefined ? 'RolloutUnderWay' : waitingReasons[waitsFor];

const waitingReasons: { readonly [What in NonNullable<Rollout['waitsFor']>]: string } = {
  promotion: 'WaitsForPromotion',
  resume: 'Paused',
  sample: 'WaitsForRequests',
};

/** Only where something was asked. */
const verified = (situation: Situation, rollout: Rollout | undefined): readonly Condition[] => {
  const results = rollout?.checks ?? [];
  if (results.length === 0 || situation.isFailurePast === true) return [];
  const failed = results.filter(({ ok }) => !ok);
  const [first] = failed;
  const message =
    first === undefined
      ? `revision ${rollout?.to}: ${counted(results.length, 'check')} succeeded`
      : `revision ${rollout?.to}, ${whenAsked(first.stage)}, ${first.name}: ${first.words}`;
  return [
    condition(situation, {
      type: 'Verified',
      status: first === undefined ? 'true' : 'false',
      reason: first === undefined ? 'ChecksPassed' : 'CheckFailed',
      message: failed.length > 1 ? `${message} (and ${failed.length - 1} more)` : message,
    }),
  ];
};

const degraded = (situation: Situation, intent: Intent): Condition => {
  if (intent.kind === 'replace') {
    for (let slot = 0; slot < intent.wanted; slot += 1) {
      const history = historyOf(situation, intent.target.number, slot);
      const crash = history?.crashes.at(-1);
      if (crash === undefined) continue;
      const decision = decideRestart(history, intent.target.spec.policy.restart, situation.now);
      if (decision.kind === 'never') {
        const message = `replica ${slot}: ${decision.words}. Deploy a repaired version, or restart the service.`;
        return condition(situation, { type: 'Degraded', status: 'true', reason: 'GaveUpRestarting', message });
      }
      const message = `replica ${slot} ${crash.words}; ended ${timesText(history?.crashes.length ?? 1)}; ${lastWordsOf(situation)}`;
      return condition(situation, { type: 'Degraded', status: 'true', reason: 'Crashing', message });
    }
  }
  return condition(situation, {
    type: 'Degraded',
    status: 'false',
    reason: 'NothingWrong',
    message: 'nothing failed lately',
  });
};

const timesText = (times: number): string => (times === 1 ? 'once' : `${times} times`);

const lastWordsOf = ({ service }: Situation): string => `\`pointsman logs ${service}\` has the last words`;

const condition = (situation: Situation, said: Omit<Condition, 'since'>): Condition => ({
  ...said,
  since: situation.now,
});

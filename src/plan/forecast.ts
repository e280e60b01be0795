import type { HookOutcome, ObservedReplica, Operation } from '../model/index.ts';
import { isFinished } from '../model/index.ts';
import { planService } from './plan-service.ts';
import type { ServicePlan, Situation, SlotHistory } from './situation.ts';

/** Turns after which a forecast is cut off; a rollout of 50 replicas one by one takes about 400. */
const longestForecast = 5000;

/**
 * The operations a rollout will take if nothing goes wrong, in order: the real planner asked again and again in a
 * world where every operation succeeds at once. This is what `pointsman plan` prints.
 */
export const forecast = (start: Situation): readonly Operation[] => {
  const operations: Operation[] = [];
  let situation = start;
  for (let turn = 0; turn < longestForecast; turn += 1) {
    const plan = planService(situation);
    operations.push(...plan.operations);
    const next = outcomeOf(situation, plan);
    if (next === undefined) return operations;
    situation = next;
  }
  return operations;
};

/** The situation after everything in the plan succeeded; undefined when nothing will happen any more. */
const outcomeOf = (before: Situation, plan: ServicePlan): Situation | undefined => {
  const situation = { ...before, rollout: plan.rollout };
  if (plan.operations.length > 0) return plan.operations.reduce(succeed, situation);
  if (plan.rollout?.waitsFor !== undefined) return somebodySays(situation);
  const isDone = plan.rollout === undefined || isFinished(plan.rollout.phase);
  return isDone || plan.wakeAt === undefined ? undefined : { ...situation, now: plan.wakeAt };
};

/** A forecast is of what is meant to happen: whoever is asked to says `promote`. */
const somebodySays = (situation: Situation): Situation => {
  const promotions = (situation.rollout?.promotions ?? 0) + 1;
  return { ...situation, requests: { promotions, toTheEnd: false, paused: false, aborted: false } };
};

const succeed = (situation: Situation, operation: Operation): Situation => {
  switch (operation.kind) {
    case 'build':
      return { ...situation, build: { kind: 'done' } };
    case 'pre-deploy':
      return { ...situation, preDeploy: { kind: 'done' } };
    case 'verify':
      return { ...situation, checks: { ...situation.checks, [operation.stage]: { kind: 'done' } } };
    case 'start':
      return {
        ...situation,
        replicas: [...situation.replicas, readyReplica(situation, operation.replica)],
        slots: [
          ...situation.slots.filter((slot) => !isSeatOf(slot, operation.replica)),
          historyAfterStart(situation, operation.replica),
        ],
      };
    case 'route': {
      const { split: _before, ...others } = situation;
      return {
        ...others,
        ...(operation.split !== undefined && { split: operation.split }),
        routed: operation.members,
        replicas: situation.replicas.map((replica) => ({
          ...replica,
          routed: operation.members.includes(replica.id),
          ...(situation.routed.includes(replica.id) &&
            !operation.members.includes(replica.id) && { unroutedAt: situation.now }),
        })),
      };
    }
    case 'drain':
      return changed(situation, operation.replica, { drainingSince: situation.now, inFlight: 0 });
    case 'drain-command':
      return changed(situation, operation.replica, { drainCommand: hookDone(situation) });
    case 'drain-check':
      return changed(situation, operation.replica.id, { drainCheck: hookDone(situation) });
    case 'signal':
      return changed(situation, operation.replica, {
        signalledAt: [situation.now],
        execution: { kind: 'exited', exit: { code: 0, signal: null, outOfMemory: false, at: situation.now } },
      });
    case 'remove':
      return { ...situation, replicas: situation.replicas.filter((replica) => replica.id !== operation.replica) };
  }
};

const hookDone = ({ now }: Situation): HookOutcome => ({ at: now, seconds: 0, exitCode: 0, output: [] });

type Seat = (Operation & { kind: 'start' })['replica'];

const readyReplica = (situation: Situation, seat: Seat): ObservedReplica => ({
  ...seat,
  image: undefined,
  startedAt: situation.now,
  execution: { kind: 'running', address: undefined },
  readyAt: situation.now,
  lastProbeFailure: undefined,
  routed: false,
  unroutedAt: undefined,
  inFlight: 0,
  drainingSince: undefined,
  signalledAt: [],
});

const historyAfterStart = (situation: Situation, seat: Seat): SlotHistory => ({
  revision: seat.revision,
  slot: seat.slot,
  lastAttempt: seat.attempt,
  firstStartedAt: situation.now,
  crashes: [],
});

const isSeatOf = (history: SlotHistory, seat: Seat): boolean =>
  history.revision === seat.revision && history.slot === seat.slot;

const changed = (situation: Situation, id: ObservedReplica['id'], change: Partial<ObservedReplica>): Situation => ({
  ...situation,
  replicas: situation.replicas.map((replica) => (replica.id === id ? { ...replica, ...change } : replica)),
});

import type { Engine } from '../engine/index.ts';
import type { Clock } from '../lib/index.ts';
import type {
  NewEvent,
  ObservedReplica,
  Revision,
  RevisionNumber,
  RevisionResult,
  Rollout,
  ServiceName,
} from '../model/index.ts';
import { isFinished } from '../model/index.ts';
import { describeMatches } from '../plan/index.ts';
import type { ServicePlan } from '../plan/index.ts';
import { lastLines } from './crash.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import type { Change, RolloutRecord, ServiceRecord, StateStore } from './store/index.ts';

export interface RolloutKeeperParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly store: StateStore;
  readonly records: Records;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewEvent) => void;
  readonly onFinished: (rollout: Rollout) => void;
}

/** Writes down how far the planner found a rollout to be, and what follows for its revision and service. */
export class RolloutKeeper {
  readonly #parts: RolloutKeeperParts;

  constructor(parts: RolloutKeeperParts) {
    this.#parts = parts;
  }

  /** moved: others may wait for it. stale: a newer rollout took its place meanwhile, the plan is void. */
  async keep(
    service: ServiceName,
    { rollout: planned, standing }: Pick<ServicePlan, 'rollout' | 'standing'>,
    replicas: readonly ObservedReplica[],
  ): Promise<'unchanged' | 'moved' | 'stale'> {
    const { store, records, onEvent, onFinished } = this.#parts;
    const found = records.newestRollout(service);
    if (planned === undefined || found === undefined || found.rollout === planned) return 'unchanged';
    if (isFinished(found.rollout.phase)) return this.#keepReturn(found, planned);
    const rollout = planned.phase === 'failed' ? await this.#withOutput(planned, replicas) : planned;
    // A newer rollout may have superseded it while its last words were read.
    const newest = records.newestRollout(service);
    if (newest?.rollout.id !== rollout.id || isFinished(newest.rollout.phase)) return 'stale';
    const { checks } = newest.rollout;
    const kept = { ...rollout, ...(checks !== undefined && { checks }) };
    store.record([put.rollout({ ...newest, rollout: kept }), ...this.#consequences(rollout)]);
    for (const { phase } of rollout.history.slice(found.rollout.history.length)) onEvent(phaseEvent(rollout, phase));
    for (const event of changesInside(found.rollout, rollout, this.#wordsFor(rollout, standing))) onEvent(event);
    if (isFinished(rollout.phase)) onFinished(rollout);
    return 'moved';
  }

  #wordsFor({ service, to }: Rollout, standing: string | undefined): RolloutWords {
    const { canary } = this.#parts.records.revision(service, to)?.spec.policy ?? {};
    return { standing, matches: canary === undefined ? '' : describeMatches(canary) };
  }

  /** It had failed before; now what worked serves again as it did. */
  #keepReturn(found: RolloutRecord, rollout: Rollout): 'unchanged' {
    const { store, records, onEvent } = this.#parts;
    const { service, id } = rollout;
    const revision = records.service(service)?.active;
    store.record([put.rollout({ ...found, rollout })]);
    const message = `${service}: the way back to revision ${revision} is over`;
    onEvent({ service, rollout: id, severity: 'info', reason: 'WentBack', message });
    return 'unchanged';
  }

  /** A version that runs and never gets ready has not crashed: its words are read from where it runs. */
  async #withOutput(rollout: Rollout, replicas: readonly ObservedReplica[]): Promise<Rollout> {
    const { failure } = rollout;
    const replica = replicas.findLast(({ revision }) => revision === rollout.to);
    if (failure?.code !== 'ROLLOUT_FAILED' || (failure.output ?? []).length > 0 || replica === undefined)
      return rollout;
    const output = await lastLines(this.#parts, replica.id, this.#parts.signal);
    return { ...rollout, failure: { ...failure, output } };
  }

  #consequences({ service, to, phase }: Rollout): readonly Change[] {
    const { records } = this.#parts;
    const record = records.service(service);
    switch (phase) {
      case 'retiring':
      case 'completed': {
        const before = record?.active === undefined || record.active === to ? undefined : record.active;
        return [
          ...(record === undefined ? [] : [put.service(asActive(record, to))]),
          ...this.#result(before === undefined ? undefined : records.revision(service, before), 'retired'),
          ...this.#result(records.revision(service, to), 'active'),
        ];
      }
      case 'failed':
      case 'superseded':
        return this.#result(records.revision(service, to), phase);
      case 'waiting':
      case 'building':
      case 'checking':
      case 'pre-deploy':
      case 'staging':
      case 'previewing':
      case 'canary':
      case 'replacing':
      case 'verifying':
      case 'baking':
        return [];
    }
  }

  #result(revision: Revision | undefined, result: RevisionResult): readonly Change[] {
    return revision === undefined ? [] : [put.revision({ ...revision, result })];
  }
}

/** The number that the one before it kept is past with it. */
const asActive = (before: ServiceRecord, active: RevisionNumber): ServiceRecord => {
  const { replicasBefore: _, ...record } = before;
  return { ...record, active };
};

const phaseEvent = (rollout: Rollout, phase: Rollout['phase']): NewEvent => {
  const about = { service: rollout.service, rollout: rollout.id, revision: rollout.to } as const;
  if (phase !== 'failed') return { ...about, severity: 'info', reason: reasons[phase], message: words(rollout, phase) };
  const { failure } = rollout;
  const message = [failure?.message ?? `revision ${rollout.to} failed`, ...(failure?.output ?? [])].join('\n');
  return { ...about, severity: 'error', reason: reasons.failed, message };
};

interface RolloutWords {
  /** Where it stands and what somebody could do about it. */
  readonly standing: string | undefined;
  /** Whose requests reach the new version whatever its share. */
  readonly matches: string;
}

/** A step that came into force, and what a person is waited for. */
const changesInside = (before: Rollout, after: Rollout, { standing, matches }: RolloutWords): readonly NewEvent[] => {
  const about = { service: after.service, rollout: after.id, revision: after.to, severity: 'info' } as const;
  const { canary } = after;
  const events: NewEvent[] = [];
  if (canary?.since !== undefined && canary.since !== before.canary?.since) {
    const whose = matches === '' ? '' : `, and those with ${matches},`;
    const message = `step ${canary.step + 1}: ${canary.percent} % of the requests${whose} go to revision ${after.to}`;
    events.push({ ...about, reason: 'CanaryStep', message });
  }
  if (after.waitsFor !== undefined && after.waitsFor !== before.waitsFor) {
    const message = `${after.service}: ${standing ?? after.phase}`;
    events.push({ ...about, reason: waitingReasons[after.waitsFor], message });
  } else if (before.waitsFor === 'resume' && after.waitsFor === undefined) {
    events.push({ ...about, reason: 'RolloutResumed', message: `${after.service}: ${standing ?? after.phase}` });
  }
  return events;
};

const waitingReasons: { readonly [What in NonNullable<Rollout['waitsFor']>]: string } = {
  promotion: 'WaitsForPromotion',
  resume: 'RolloutPaused',
  sample: 'WaitsForRequests',
};

const reasons: { readonly [Phase in Rollout['phase']]: string } = {
  waiting: 'RolloutStarted',
  building: 'Building',
  checking: 'Checking',
  'pre-deploy': 'PreDeployPhase',
  staging: 'Staging',
  previewing: 'Previewing',
  canary: 'CanaryStarted',
  replacing: 'Replacing',
  verifying: 'Verifying',
  baking: 'Baking',
  retiring: 'Retiring',
  completed: 'RolloutCompleted',
  failed: 'RolloutFailed',
  superseded: 'RolloutSuperseded',
};

/** A newer rollout says by itself that it takes another's place; what the planner finds superseded has no service any more. */
const words = ({ service, to }: Rollout, phase: Rollout['phase']): string =>
  `${service} revision ${to}: ${phase}${phase === 'superseded' ? ', as the service is not wanted any more' : ''}`;

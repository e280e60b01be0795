import type { NewEvent, RevisionNumber, Rollout, RolloutRequests, ServiceName } from '../model/index.ts';
import { isFinished, PointsmanError, serviceName } from '../model/index.ts';
import type { DeployResult, PromoteRequest, ServiceRequest } from '../protocol/index.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import { unknownService } from './refusals.ts';
import { abortedRequests, nothingAsked, saidTo } from './requests.ts';
import { shownRollout } from './shown-rollout.ts';
import type { RolloutRecord, StateStore } from './store/index.ts';

export interface RolloutCommandsParts {
  readonly store: StateStore;
  readonly records: Records;
  readonly onWantedChanged: (service: ServiceName) => void;
  readonly onAborted: (service: ServiceName, revision: RevisionNumber) => void;
  readonly onEvent: (event: NewEvent) => void;
}

/** What was said, and by whom if that is known. */
interface Saying {
  readonly reason: 'Promoted' | 'Aborted' | 'Paused' | 'Resumed';
  readonly by: string | undefined;
}

/** What people say to a rollout that is under way. It is written down; the planner makes use of it. */
export class RolloutCommands {
  readonly #parts: RolloutCommandsParts;

  constructor(parts: RolloutCommandsParts) {
    this.#parts = parts;
  }

  promote({ service, full = false, by }: PromoteRequest): DeployResult {
    const record = this.#underWay(service);
    const { rollout } = record;
    if (record.requests?.paused === true) throw refusal(rollout, 'is paused', `\`pointsman resume ${service}\` first.`);
    if (!canBePromoted(rollout)) {
      throw refusal(
        rollout,
        `is ${rollout.phase}: there is nothing to promote yet`,
        '`pointsman status` says when there is.',
      );
    }
    return this.#ask(record, { reason: 'Promoted', by }, ({ promotions, toTheEnd, ...others }) => ({
      ...others,
      // One that is not made use of yet is not added to: two impatient people mean the same step.
      promotions: Math.max(promotions, (rollout.promotions ?? 0) + 1),
      toTheEnd: toTheEnd || full,
    }));
  }

  abort({ service, by }: ServiceRequest): DeployResult {
    const record = this.#beforeTheEnd(service);
    const { service: name, to } = record.rollout;
    const result = this.#ask(record, { reason: 'Aborted', by }, () => abortedRequests(record));
    this.#parts.onAborted(name, to);
    return result;
  }

  /** What going back without a number means while a new version is under way that has not taken over; undefined: something else. */
  takeBack(service: ServiceName, by: string | undefined): DeployResult | undefined {
    const { records } = this.#parts;
    const rollout = records.newestRollout(service)?.rollout;
    if (rollout === undefined || records.service(service)?.active === undefined) return undefined;
    const isUnderWay = !isFinished(rollout.phase) && rollout.phase !== 'retiring';
    return isUnderWay && rollout.isRollback !== true
      ? this.abort({ service, ...(by !== undefined && { by }) })
      : undefined;
  }

  pause({ service, by }: ServiceRequest): DeployResult {
    return this.#ask(this.#beforeTheEnd(service), { reason: 'Paused', by }, (requests) => ({
      ...requests,
      paused: true,
    }));
  }

  resume({ service, by }: ServiceRequest): DeployResult {
    const record = this.#underWay(service);
    if (record.requests?.paused !== true) throw refusal(record.rollout, 'is not paused', 'Nothing is to be done.');
    return this.#ask(record, { reason: 'Resumed', by }, (requests) => ({ ...requests, paused: false }));
  }

  #ask(
    record: RolloutRecord,
    { reason, by }: Saying,
    change: (requests: RolloutRequests) => RolloutRequests,
  ): DeployResult {
    const { store, onWantedChanged, onEvent } = this.#parts;
    const { service } = record.rollout;
    const asked = { ...record, requests: change(record.requests ?? nothingAsked) };
    store.commit([put.rollout(asked)]);
    onEvent(saidTo(record.rollout, reason, by === undefined ? undefined : `by ${by}`));
    onWantedChanged(service);
    return { deployId: record.rollout.deployId, rollouts: [shownRollout(asked)] };
  }

  #beforeTheEnd(service: string): RolloutRecord {
    const record = this.#underWay(service);
    if (record.rollout.phase !== 'retiring') return record;
    throw refusal(
      record.rollout,
      'has taken over, and the old version is on its way out',
      `\`pointsman rollback ${service}\` brings the old version back.`,
    );
  }

  #underWay(name: string): RolloutRecord {
    const { records } = this.#parts;
    const known = records.service(serviceName(name));
    if (known === undefined)
      throw unknownService(
        name,
        records.services().map(({ service }) => service),
      );
    const record = records.newestRollout(known.service);
    if (record !== undefined && !isFinished(record.rollout.phase)) return record;
    throw new PointsmanError('ROLLOUT_NOT_WAITING', {
      message: `nothing of ${name} is being rolled out`,
      fix: '`pointsman status` shows what runs.',
    });
  }
}

const canBePromoted = ({ phase }: Rollout): boolean =>
  phase === 'previewing' || phase === 'canary' || phase === 'baking';

const refusal = ({ service, to }: Rollout, why: string, fix: string): PointsmanError =>
  new PointsmanError('ROLLOUT_NOT_WAITING', { message: `${service} revision ${to} ${why}`, fix });

import type { Clock } from '../lib/index.ts';
import type {
  ImageRef,
  NewEvent,
  ReleaseRemoval,
  Revision,
  RevisionNumber,
  Rollout,
  ServiceName,
  ServiceSpec,
} from '../model/index.ts';
import { isFinished, rolloutId } from '../model/index.ts';
import type { DeployResult } from '../protocol/index.ts';
import { checkStateOf } from './check-state.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import { closeReleases, membersOf } from './releases.ts';
import { policyFor } from './rules.ts';
import { replicasOf } from './situation.ts';
import type { Change, RolloutRecord, ServiceRecord, StateStore } from './store/index.ts';

export interface RolloutStarterParts {
  readonly store: StateStore;
  readonly records: Records;
  readonly clock: Clock;
  /** Revision numbers that replicas of a lost state carry: new ones must be higher. */
  readonly highestObserved: ReadonlyMap<ServiceName, RevisionNumber>;
  readonly onEvent: (event: NewEvent) => void;
  readonly onSuperseded: (rollout: Rollout) => void;
  readonly onBegun: (service: ServiceName) => void;
}

/** One service of a deploy: the revision to make and the rules it goes by. */
export interface NewRevision {
  readonly spec: ServiceSpec;
  readonly specHash: string;
  readonly cause: string;
  /** Set for a rollback and a restart: nothing is built and no pre-deploy command runs. */
  readonly image: ImageRef | undefined;
  readonly isRollback?: boolean;
  /** The service's row from now on; `policy` in it is what rules this rollout. */
  readonly record: Omit<ServiceRecord, 'active'>;
}

/** What a deploy is for, and who asked for it. */
export interface WhyDeploy {
  readonly cause: string;
  readonly by?: string | undefined;
  /** Services that leave with it. */
  readonly removed?: readonly ReleaseRemoval[];
}

/** Makes revisions and their rollouts: all of one deploy in one transaction, or none. */
export class RolloutStarter {
  readonly #parts: RolloutStarterParts;

  constructor(parts: RolloutStarterParts) {
    this.#parts = parts;
  }

  /** Throws STATE_WRITE_FAILED; then nothing has begun. `others` are written with it. */
  begin({ cause, by, removed }: WhyDeploy, revisions: readonly NewRevision[], others: readonly Change[]): DeployResult {
    const { store, records, clock, onBegun } = this.#parts;
    const deployId = this.#nextDeployId();
    const order = records.highestRolloutOrder();
    const made = revisions.map((wanted, index) => this.#make(wanted, { deployId, by }, order + 1 + index));
    const superseded = revisions.flatMap(({ record }) => this.#unfinished(record.service));
    // What a release that ends here leaves behind is what ran before this one began.
    const ran = membersOf(records, (service) => this.#activeOf(service));
    // With nothing begun the new release, of what leaves, is over at once: those before it are closed with what ran.
    if (made.length === 0) closeReleases(this.#parts, ran);
    store.commit([
      ...others,
      put.deploy({
        id: deployId,
        at: clock.now(),
        cause,
        ...(by !== undefined && { by }),
        ...(removed !== undefined && removed.length > 0 && { removed }),
      }),
      ...superseded.flatMap((old) => this.#supersede(old)),
      ...made.flatMap(({ changes }) => changes),
    ]);
    for (const old of superseded) this.#tellSuperseded(old.rollout);
    closeReleases(this.#parts, made.length === 0 ? undefined : ran);
    for (const { rollout } of made) {
      this.#tellStarted(rollout.rollout, by === undefined ? cause : `${cause}, by ${by}`);
      onBegun(rollout.rollout.service);
    }
    return { deployId, rollouts: made.map(({ rollout }) => rollout.rollout) };
  }

  #make(
    wanted: NewRevision,
    { deployId, by }: { readonly deployId: string; readonly by: string | undefined },
    order: number,
  ): { readonly rollout: RolloutRecord; readonly changes: readonly Change[] } {
    const { records, clock, highestObserved } = this.#parts;
    const { service } = wanted.record;
    const newest = records.revisionsOf(service).at(-1)?.number ?? 0;
    const number = Math.max(newest, highestObserved.get(service) ?? 0) + 1;
    const now = clock.now();
    const revision: Revision = {
      service,
      number,
      createdAt: now,
      cause: wanted.cause,
      ...(by !== undefined && { by }),
      specHash: wanted.specHash,
      spec: { ...wanted.spec, policy: policyFor(wanted.spec, wanted.record.policy) },
      ...(wanted.image !== undefined && { image: wanted.image }),
      result: 'pending',
    };
    const active = this.#activeOf(service);
    const rollout: Rollout = {
      id: rolloutId(`${deployId}-${service}`),
      service,
      from: active,
      to: number,
      phase: 'waiting',
      startedAt: now,
      history: [{ phase: 'waiting', at: now }],
      deployId,
      ...(wanted.isRollback === true && { isRollback: true }),
    };
    const isRepeat = wanted.image !== undefined;
    const record: RolloutRecord = {
      rollout,
      order,
      build: { kind: isRepeat ? 'done' : 'pending' },
      checks: checkStateOf(revision.spec, { active, isRollback: wanted.isRollback === true }),
      preDeploy: { kind: isRepeat || wanted.spec.preDeployCommand === undefined ? 'done' : 'pending' },
    };
    return {
      rollout: record,
      changes: [put.service(this.#withActive(wanted.record, active)), put.revision(revision), put.rollout(record)],
    };
  }

  /** A new number of replicas is meant for the new revision: the one that serves keeps its own. */
  #withActive(wanted: NewRevision['record'], active: RevisionNumber | undefined): ServiceRecord {
    const { replicasBefore: _, ...record } = wanted;
    const before = this.#parts.records.service(record.service);
    const after = { ...record, active };
    if (before === undefined || active === undefined) return after;
    const own = active === before.active ? before.replicasBefore : undefined;
    const replicas = own ?? replicasOf(before);
    return replicas === replicasOf(after) ? after : { ...after, replicasBefore: replicas };
  }

  #unfinished(service: ServiceName): readonly RolloutRecord[] {
    return this.#parts.records.rolloutsOf(service).filter(({ rollout }) => !isFinished(rollout.phase));
  }

  /** Whoever serves everybody has arrived: a deploy that fails after it goes back to that, not to what was before. */
  #supersede(old: RolloutRecord): readonly Change[] {
    const { records, clock } = this.#parts;
    const { waitsFor: _nothing, ...rollout } = old.rollout;
    const phase = hasArrived(rollout) ? 'completed' : 'superseded';
    const revision = records.revision(rollout.service, rollout.to);
    const before = records.service(rollout.service)?.active ?? rollout.to;
    const replaced = before === rollout.to ? undefined : records.revision(rollout.service, before);
    const history = [...rollout.history, { phase, at: clock.now() } as const];
    return [
      put.rollout({ ...old, rollout: { ...rollout, phase, history } }),
      ...(revision === undefined
        ? []
        : [put.revision({ ...revision, result: phase === 'completed' ? 'active' : 'superseded' })]),
      ...(phase === 'completed' && replaced !== undefined ? [put.revision({ ...replaced, result: 'retired' })] : []),
    ];
  }

  #activeOf(service: ServiceName): RevisionNumber | undefined {
    const { records } = this.#parts;
    return (
      this.#unfinished(service).find(({ rollout }) => hasArrived(rollout))?.rollout.to ??
      records.service(service)?.active
    );
  }

  #tellSuperseded(rollout: Rollout): void {
    const { id, service, to, phase } = rollout;
    const about = { service, rollout: id, revision: to, severity: 'info' } as const;
    const name = `${service} revision ${to}`;
    if (hasArrived(rollout)) {
      const message = `${name}: completed; it was ${phase} when a newer one began`;
      this.#parts.onEvent({ ...about, reason: 'RolloutCompleted', message });
      return;
    }
    this.#parts.onSuperseded(rollout);
    this.#parts.onEvent({ ...about, reason: 'RolloutSuperseded', message: `${name}: a newer one takes its place` });
  }

  #tellStarted(rollout: Rollout, cause: string): void {
    const from = rollout.from === undefined ? '' : ` from revision ${rollout.from}`;
    this.#parts.onEvent({
      service: rollout.service,
      rollout: rollout.id,
      revision: rollout.to,
      severity: 'info',
      reason: 'RolloutStarted',
      message: `${rollout.service}${from} to revision ${rollout.to}: ${cause}`,
    });
  }

  #nextDeployId(): string {
    const newest = this.#parts.records.newestDeploy()?.id.replace(/^\D+/, '');
    return `deploy-${Number(newest ?? 0) + 1}`;
  }
}

/** Nothing but the old version's end, or a look at how it does, is left of it. */
const hasArrived = ({ phase }: Rollout): boolean => phase === 'retiring' || phase === 'baking';

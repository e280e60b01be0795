import type { Change, RolloutRecord, ServiceRecord } from '../../../src/control/store/index.ts';
import type { ReplicaStart } from '../../../src/engine/index.ts';
import type { CheckStage, ReplicaId, Revision, Rollout, RouteTable, ServiceName } from '../../../src/model/index.ts';
import { isFinished, serviceName } from '../../../src/model/index.ts';
import type { World } from '../world.ts';
import type { Decisions } from './decisions.ts';

/** A rollout and what it has to be asked about, worked out apart from the product. */
interface Asked {
  readonly rollout: Rollout;
  readonly stages: readonly CheckStage[];
  readonly begunAt: number;
  /** A round of `during` was written down as failed while users were on their way to the new version. */
  isDisturbing: boolean;
}

/** Nobody gets further than the answers allow: no replica, no user, no end of the old version. */
export class Checks {
  readonly #world: World;
  readonly #decisions: Decisions;
  /** Told to drain or to end. */
  readonly #ended: ReadonlySet<ReplicaId>;
  readonly #asked = new Map<ServiceName, Asked>();
  /** When which question was last answered well, by service and stage. */
  readonly #wellAt = new Map<string, number>();

  constructor(world: World, decisions: Decisions, ended: ReadonlySet<ReplicaId>) {
    this.#world = world;
    this.#ended = ended;
    this.#decisions = decisions;
  }

  answered(service: ServiceName, stage: CheckStage, ok: boolean): void {
    if (ok) this.#wellAt.set(`${service}/${stage}`, this.#world.time.now);
  }

  beforeWrite(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.table !== 'rollouts' || change.row === undefined) continue;
      const { rollout } = change.row;
      const known = this.#asked.get(rollout.service);
      if (known?.rollout.id === rollout.id) this.#goesOn(known, change.row);
      else if (!isFinished(rollout.phase)) this.#begins(rollout, changes);
    }
  }

  beforeStart({ id, service, revision }: ReplicaStart): void {
    if (this.#active(service)?.rollout.to === revision) this.#require(service, 'before', `${id} is started`);
  }

  beforePublish(table: RouteTable): void {
    for (const { id: pool, upstreams } of table.pools) {
      const service = serviceName(pool.slice(pool.lastIndexOf('/') + 1));
      const to = this.#active(service)?.rollout.to;
      const fresh = upstreams.find(({ revision }) => revision === to);
      if (fresh !== undefined) this.#require(service, 'smoke', `users meet ${fresh.id}`);
    }
  }

  beforeEnding(replica: ReplicaId): void {
    const container = this.#world.containers.all.get(replica);
    if (container === undefined || !this.#isKnownReady(replica)) return;
    // One that was told to drain while other rules held goes on to its end.
    if (this.#ended.has(replica)) return;
    const { service, revision, slot } = container.start;
    const asked = this.#active(service);
    const record = this.#decisions.service(service);
    const isOld = revision === record?.active && revision !== asked?.rollout.to;
    const staysUntilThen = this.#decisions.always(
      service,
      ({ wanted, policy }) => wanted && policy.order === 'start-first' && policy.switch === 'atomic',
    );
    const least = this.#decisions.least(service, ({ scaledTo, applied }) => scaledTo ?? applied.spec.replicas);
    if (isOld && staysUntilThen && slot < least) this.#require(service, 'after', `${replica} is told to end`);
  }

  /** It works, and its supervisor has found out: only what works can be gone back to. */
  #isKnownReady(replica: ReplicaId): boolean {
    const { containers, life } = this.#world;
    return containers.isReady(replica) && life.store?.get('replicas', replica)?.readyAt !== undefined;
  }

  #begins(rollout: Rollout, changes: readonly Change[]): void {
    const { service } = rollout;
    const revision = this.#revision(rollout, changes);
    const record = this.#record(service, changes);
    const { verify, policy } = revision?.spec ?? {};
    const isDeploy = rollout.isRollback !== true;
    const disturbs = isDeploy && record?.active !== undefined;
    const stages: readonly (readonly [CheckStage, boolean])[] = [
      ['before', disturbs && (verify?.before.length ?? 0) > 0],
      ['smoke', isDeploy && (policy?.smoke?.length ?? 0) > 0],
      ['after', isDeploy && (verify?.after.length ?? 0) > 0],
    ];
    this.#asked.set(service, {
      rollout,
      stages: stages.filter(([, applies]) => applies).map(([stage]) => stage),
      begunAt: this.#world.time.now,
      isDisturbing: false,
    });
  }

  #goesOn(asked: Asked, { rollout, checks }: RolloutRecord): void {
    const { phase } = rollout;
    if (phase === 'baking' || phase === 'retiring')
      this.#require(rollout.service, 'after', `${rollout.id} is ${phase}`);
    const arrives = phase === 'verifying' || phase === 'baking' || phase === 'retiring' || phase === 'completed';
    if (asked.isDisturbing && arrives)
      this.#fail(`${rollout.id} is ${phase} although what was asked during it was answered badly`);
    asked.isDisturbing ||= checks?.during.kind === 'failed' && (phase === 'canary' || phase === 'replacing');
  }

  /** Of the rollout that is under way. */
  #require(service: ServiceName, stage: CheckStage, what: string): void {
    const asked = this.#asked.get(service);
    if (asked === undefined || !asked.stages.includes(stage) || !this.#world.life.isAlive) return;
    // Smoke checks belong to the rules, which may have been changed meanwhile.
    if (stage === 'smoke' && !this.#decisions.always(service, ({ policy }) => (policy.smoke?.length ?? 0) > 0)) return;
    const wellAt = this.#wellAt.get(`${service}/${stage}`) ?? Number.NEGATIVE_INFINITY;
    if (wellAt < asked.begunAt) this.#fail(`${what} before its question was answered well (${stage})`);
  }

  #active(service: ServiceName): Asked | undefined {
    const newest = this.#decisions.newestRollout(service)?.rollout;
    const asked = this.#asked.get(service);
    return newest === undefined || isFinished(newest.phase) || asked?.rollout.id !== newest.id ? undefined : asked;
  }

  #revision({ service, to }: Rollout, changes: readonly Change[]): Revision | undefined {
    const written = changes.find(
      (change) => change.table === 'revisions' && change.row?.service === service && change.row.number === to,
    );
    return written?.table === 'revisions' ? written.row : this.#decisions.revision(service, to);
  }

  #record(service: ServiceName, changes: readonly Change[]): ServiceRecord | undefined {
    const written = changes.find((change) => change.table === 'services' && change.row?.service === service);
    return written?.table === 'services' ? written.row : this.#decisions.service(service);
  }

  #fail(words: string): void {
    this.#world.fail('nothing goes on before its checks are answered well', words);
  }
}

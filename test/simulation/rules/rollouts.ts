import type { Change, RolloutRecord, ServiceRecord } from '../../../src/control/store/index.ts';
import type { ReplicaStart } from '../../../src/engine/index.ts';
import type { ReplicaId, Rollout, ServiceName } from '../../../src/model/index.ts';
import { isFinished } from '../../../src/model/index.ts';
import type { Container } from '../containers.ts';
import type { Life } from '../life.ts';
import type { World } from '../world.ts';
import type { Decisions } from './decisions.ts';
import { isExclusive, wantedReplicas } from './decisions.ts';

/** What was begun for a version may arrive so long after the version was given up: the engine's patience, and a queue. */
const lateMs = 130_000;
/** And otherwise: one call. */
const soonMs = 2000;

/** By then a failure has had its consequences. */
const aWhileMs = 5000;

/** An effect that failed is tried again by then. */
const longestPauseMs = 16_000;

/** Who served when a rollout began. */
interface Serving {
  readonly rollout: string;
  readonly since: number;
  readonly replicas: readonly Container[];
}

/** One rollout per service, asked for by somebody, going forward only; a failed one leaves what served as it was. */
export class Rollouts {
  readonly #world: World;
  readonly #decisions: Decisions;
  /** Told to drain or to end. */
  readonly #ended: ReadonlySet<ReplicaId>;
  readonly #written = new Map<string, RolloutRecord>();
  readonly #actives = new Map<ServiceName, number | undefined>();
  readonly #endedAt = new Map<string, number>();
  readonly #before = new Map<ServiceName, Serving>();
  /** What people and files have asked for, and no rollout has answered yet. */
  #asked = 0;

  constructor(world: World, decisions: Decisions, ended: ReadonlySet<ReplicaId>) {
    this.#world = world;
    this.#decisions = decisions;
    this.#ended = ended;
  }

  takeOver(earlier: Rollouts): void {
    for (const [id, record] of earlier.#written) this.#written.set(id, record);
    for (const [service, active] of earlier.#actives) this.#actives.set(service, active);
    for (const [id, at] of earlier.#endedAt) this.#endedAt.set(id, at);
    for (const [service, serving] of earlier.#before) this.#before.set(service, serving);
  }

  asked(): void {
    this.#asked += 1;
  }

  beforeWrite(life: Life, changes: readonly Change[]): void {
    let isBegun = false;
    for (const change of changes) {
      if (change.row === undefined) continue;
      if (change.table === 'services') this.#checkActive(change.row, changes);
      if (change.table !== 'rollouts') continue;
      const before = this.#written.get(change.key);
      if (before === undefined) {
        isBegun = true;
        this.#checkBegun(change.row, changes);
      }
      this.#checkForward(before?.rollout, change.row.rollout);
      this.#written.set(change.key, change.row);
    }
    if (isBegun && this.#asked === 0 && life.isAlive) {
      this.#world.fail('nobody rolls back a rollback', 'a rollout began that nobody asked for');
    }
    if (isBegun) this.#asked = Math.max(0, this.#asked - 1);
  }

  /** After a failure only what worked before is started. */
  beforeStart({ id, service, revision }: ReplicaStart): void {
    const rollout = this.#decisions.rolloutTo(service, revision);
    const record = this.#decisions.service(service);
    if (rollout === undefined || record === undefined || rollout.phase !== 'failed' || record.active === revision)
      return;
    const endedAt = this.#endedAt.get(rollout.id) ?? 0;
    if (this.#world.time.now < endedAt + (this.#world.wasSlow ? lateMs : soonMs)) return;
    this.#world.fail('nobody rolls back a rollback', `${id} is started, of a revision that failed`);
  }

  /** Until the new version has arrived it may still fail: the old one, which changes at once or not at all, is needed. */
  beforeEnding(replica: ReplicaId): void {
    const container = this.#world.containers.all.get(replica);
    if (container === undefined || !this.#world.containers.isReady(replica)) return;
    const { service, slot, revision } = container.start;
    const rollout = this.#decisions.newestRollout(service)?.rollout;
    if (rollout === undefined || isFinished(rollout.phase) || rollout.phase === 'retiring') return;
    if (revision === rollout.to || !this.#oldWholeSince(rollout).some(({ id }) => id === replica)) return;
    if (slot >= this.#leastSince(rollout)) return;
    this.#failAsBefore(`${replica} is told to end while ${rollout.id} is still ${rollout.phase}`);
  }

  #checkBegun({ rollout }: RolloutRecord, changes: readonly Change[]): void {
    const { service } = rollout;
    for (const [key, { rollout: other }] of this.#written) {
      if (other.service !== service || isFinished(other.phase)) continue;
      const isEnding = changes.some(
        (change) =>
          change.key === key &&
          change.table === 'rollouts' &&
          change.row !== undefined &&
          isFinished(change.row.rollout.phase),
      );
      if (!isEnding)
        this.#world.fail('one rollout per service', `${rollout.id} begins while ${other.id} is ${other.phase}`);
    }
    this.#checkReplacing(rollout, changes);
    const { containers, proxy } = this.#world;
    // One that was only looked at is what is gone back to from now on.
    const written = changes.find((change) => change.table === 'services' && change.row?.service === service);
    const record = written?.table === 'services' ? written.row : this.#decisions.service(service);
    const routed = proxy.routed();
    const replicas = containers
      .of(service)
      .filter(({ id, start }) => start.revision === record?.active && routed.has(id) && containers.isReady(id));
    this.#before.set(service, { rollout: rollout.id, since: this.#world.time.now, replicas });
  }

  /** Files that say again what serves are no reason to replace it; a person may have one. */
  #checkReplacing({ service, to }: Rollout, changes: readonly Change[]): void {
    const record = this.#decisions.service(service);
    const newest = this.#decisions.newestRollout(service)?.rollout;
    if (record?.active === undefined || newest === undefined) return;
    if (!isFinished(newest.phase) && newest.isRollback === true) return;
    const active = this.#decisions.revision(service, record.active);
    for (const { table, row } of changes) {
      if (table !== 'revisions' || row?.service !== service || row.number !== to) continue;
      if (row.specHash !== active?.specHash || !row.cause.includes('changed')) continue;
      this.#world.fail('what serves is not replaced by the same', `${service} revision ${to} (${row.cause})`);
    }
  }

  #checkForward(before: Rollout | undefined, after: Rollout): void {
    if (before !== undefined && isFinished(before.phase) && after.phase !== before.phase) {
      this.#world.fail('a rollout ends once', `${after.id} was ${before.phase} and is ${after.phase}`);
    }
    if (isOver(after) && before !== undefined && !isOver(before)) this.#checkTold(after);
    if (before === undefined || before.phase === after.phase) return;
    if (before.phase === 'waiting' && !isFinished(after.phase)) this.#checkDependencies(after);
    if (isFinished(after.phase)) this.#endedAt.set(after.id, this.#world.time.now);
    if (after.phase !== 'failed') return;
    this.#later(() => {
      this.#checkServing(after);
      this.#checkNobodyEnded(after);
    });
  }

  /** Without proxy or supervisor nobody is put back; once both are there again, that is tried anew after a pause at most. */
  #later(check: () => void, before = this.#world.life): void {
    const { proxy, time } = this.#world;
    time.after(aWhileMs, () => {
      const { life } = this.#world;
      const backAt = Math.max(proxy.backAt, life === before ? Number.NEGATIVE_INFINITY : life.bornAt);
      if (proxy.isUp && life.isAlive && time.now >= backAt + longestPauseMs) check();
      else this.#later(check, before);
    });
  }

  /** Whoever waits for a deploy that failed goes on when the old version serves again, unless that takes too long. */
  #checkTold(rollout: Rollout): void {
    const { now } = this.#world.time;
    const failedAt = this.#endedAt.get(rollout.id) ?? now;
    const active = this.#decisions.service(rollout.service)?.active ?? 0;
    const { deadlineSeconds = 0 } = this.#decisions.revision(rollout.service, active)?.spec.policy.gate ?? {};
    if (now < failedAt + deadlineSeconds * 1000) this.#checkServing(rollout);
  }

  /** Services of one deploy wait for those that they depend on. */
  #checkDependencies(rollout: Rollout): void {
    const spec = this.#decisions.revision(rollout.service, rollout.to)?.spec;
    for (const name of spec?.dependsOn ?? []) {
      const other = this.#decisions.newestRollout(name)?.rollout;
      if (other?.deployId !== rollout.deployId || this.#decisions.service(name)?.wanted !== true) continue;
      if (['baking', 'retiring', 'completed', 'superseded'].includes(other.phase)) continue;
      if (other.phase === 'failed' && this.#isTakenBack(other)) continue;
      const words = `${rollout.service} goes on while ${name}, which it depends on, is ${other.phase}`;
      this.#world.fail('services wait for those they depend on', words);
    }
  }

  /** Its manifest says again what serves: it is not deployed with the others any more. */
  #isTakenBack({ service, to }: Rollout): boolean {
    const { applied, active = 0 } = this.#decisions.service(service) ?? {};
    const hashOf = (number: number): string | undefined => this.#decisions.revision(service, number)?.specHash;
    return hashOf(active) === applied?.specHash && hashOf(to) !== applied?.specHash;
  }

  /** With the new beside the old, a failure costs none of the old: who can serve does. */
  #checkServing(rollout: Rollout): void {
    const { containers, proxy } = this.#world;
    const routed = proxy.routed();
    for (const { id, start } of this.#oldWholeSince(rollout, this.#world.time.now - aWhileMs)) {
      const container = containers.all.get(id);
      const isSpare = start.slot >= this.#decisions.least(rollout.service, leastOfOld);
      // Who was told to end by a rule before is gone for good; by this one nobody is, see below.
      if (container?.state !== 'running' || container.hangs || isSpare || this.#ended.has(id)) continue;
      if (!routed.has(id)) this.#failAsBefore(`${id} served before ${rollout.id}, and does not now`);
    }
  }

  #checkNobodyEnded(rollout: Rollout): void {
    for (const { id, start, hangs } of this.#oldWholeSince(rollout)) {
      if (start.slot >= this.#leastSince(rollout) || hangs || !this.#ended.has(id)) continue;
      this.#failAsBefore(`${id} served before ${rollout.id}, and was told to end`);
    }
  }

  /** Who served when the rollout began, if since then the rules have said that all of them change at once. */
  #oldWholeSince(rollout: Rollout, from?: number): readonly Container[] {
    const { service } = rollout;
    const before = this.#before.get(service);
    const since = from ?? before?.since ?? 0;
    const changesAtOnce = (one: ServiceRecord): boolean =>
      one.wanted && one.policy.order === 'start-first' && one.policy.switch === 'atomic' && !isExclusive(one);
    const isNewest = this.#decisions.newestRollout(service)?.rollout.id === rollout.id;
    if (!this.#world.life.isAlive || !isNewest || before?.rollout !== rollout.id) return [];
    const records = this.#decisions.inForce(service, since);
    return records.length > 0 && records.every(changesAtOnce) ? before.replicas : [];
  }

  #leastSince({ service }: Rollout): number {
    const since = this.#before.get(service)?.since ?? 0;
    return Math.min(...this.#decisions.inForce(service, since).map(leastOfOld));
  }

  #failAsBefore(words: string): void {
    this.#world.fail('a failed deploy leaves the old version as it was', words);
  }

  /** What counts as working is what a rollout brought to its end. */
  #checkActive(after: ServiceRecord, changes: readonly Change[]): void {
    const before = this.#actives.get(after.service);
    this.#actives.set(after.service, after.active);
    if (after.active === undefined || before === after.active) return;
    const completes = (rollout: Rollout): boolean => rollout.service === after.service && rollout.to === after.active;
    const isNow = changes.some(
      (change) =>
        change.table === 'rollouts' &&
        change.row !== undefined &&
        completes(change.row.rollout) &&
        hasArrived(change.row.rollout),
    );
    const rollout = this.#decisions.rolloutTo(after.service, after.active);
    if (isNow || (rollout !== undefined && hasArrived(rollout))) return;
    this.#world.fail(
      'nobody rolls back a rollback',
      `revision ${after.active} of ${after.service} counts as working, but its rollout never got there`,
    );
  }
}

const isOver = ({ phase, isReturning }: Rollout): boolean => phase === 'failed' && isReturning !== true;

const hasArrived = ({ phase }: Rollout): boolean => phase === 'retiring' || phase === 'completed';

/** Of the old version: a person may have asked for fewer before the manifest asked for the new one's number. */
const leastOfOld = (record: ServiceRecord): number =>
  Math.min(wantedReplicas(record), record.replicasBefore ?? Number.POSITIVE_INFINITY);

import type { Change } from '../../../src/control/store/index.ts';
import type { ReplicaStart } from '../../../src/engine/index.ts';
import type { CheckStage, ImageRef, ReplicaId, RouteTable, ServiceName } from '../../../src/model/index.ts';
import type { Container } from '../containers.ts';
import type { Life } from '../life.ts';
import type { World } from '../world.ts';
import { AsWanted } from './as-wanted.ts';
import { Checks } from './checks.ts';
import { Decisions } from './decisions.ts';
import { Hooks } from './hooks.ts';
import type { HookKind } from './hooks.ts';
import { InTime } from './in-time.ts';
import { Judging } from './judging.ts';
import type { Requests } from './judging.ts';
import { Leaving } from './leaving.ts';
import { Names } from './names.ts';
import { Once } from './once.ts';
import { Rollouts } from './rollouts.ts';
import { Said } from './said.ts';
import { Serving } from './serving.ts';

/** What must be true whatever happens, asked at each effect; the first that is not ends the run. */
export class Rules {
  readonly decisions: Decisions;
  readonly #once: Once;
  readonly #serving: Serving;
  readonly #leaving: Leaving;
  readonly #rollouts: Rollouts;
  readonly #asWanted: AsWanted;
  readonly #checks: Checks;
  readonly #hooks: Hooks;
  readonly #judging: Judging;
  readonly #said: Said;
  readonly #inTime: InTime;
  readonly #names: Names;

  constructor(world: World) {
    this.decisions = new Decisions(world);
    this.#once = new Once(world);
    this.#serving = new Serving(world, this.decisions);
    this.#leaving = new Leaving(world, this.decisions);
    this.#rollouts = new Rollouts(world, this.decisions, this.#leaving.ended);
    this.#asWanted = new AsWanted(world, this.decisions);
    this.#checks = new Checks(world, this.decisions, this.#leaving.ended);
    this.#judging = new Judging(world, this.decisions);
    this.#said = new Said(world, this.decisions);
    this.#inTime = new InTime(world);
    this.#names = new Names(world);
    this.#hooks = new Hooks(world, this.decisions, { once: this.#once, leaving: this.#leaving });
  }

  /** What they knew at the end of another story. */
  takeOver(earlier: Rules): void {
    this.decisions.takeOver(earlier.decisions);
    this.#once.takeOver(earlier.#once);
    this.#leaving.takeOver(earlier.#leaving);
    this.#rollouts.takeOver(earlier.#rollouts);
    this.#judging.takeOver(earlier.#judging);
    this.#hooks.takeOver(earlier.#hooks);
  }

  afterStartOfSupervisor(): void {
    this.#rollouts.asked();
  }

  /** A person or a file asked for something. */
  afterAsking(): void {
    this.#rollouts.asked();
  }

  afterImageLost(image: ImageRef | undefined): void {
    if (image !== undefined) this.#asWanted.loseImage(image);
  }

  beforeStart(start: ReplicaStart): void {
    this.#once.beforeStart(start);
    this.#serving.beforeStart(start.id);
    this.#rollouts.beforeStart(start);
    this.#checks.beforeStart(start);
    this.#inTime.beforeStart(start);
  }

  afterStart(container: Container): void {
    this.#serving.afterStart(container);
  }

  beforeRunOnce({ service, revision }: ReplicaStart): void {
    this.#once.before(`pre-deploy ${service} ${revision}`);
  }

  afterAnswer(service: ServiceName, stage: CheckStage, ok: boolean): void {
    this.#checks.answered(service, stage, ok);
  }

  afterRequests(requests: Requests): void {
    this.#judging.noteRequests(requests);
  }

  beforeHook(kind: HookKind, replica: ReplicaId, seconds: number): void {
    this.#hooks.begin(kind, replica, seconds);
  }

  afterHook(kind: HookKind, replica: ReplicaId): void {
    this.#hooks.end(kind, replica);
  }

  beforeSignal(replica: ReplicaId, name: string): void {
    this.#once.before(`${name} to ${replica}`);
    this.#leaving.beforeSignal(replica, name);
    this.#rollouts.beforeEnding(replica);
    this.#checks.beforeEnding(replica);
    this.#hooks.beforeSignal(replica);
  }

  afterSignal(replica: ReplicaId): void {
    this.#leaving.afterSignal(replica);
  }

  afterUnheardSignal(life: Life, replica: ReplicaId): void {
    this.#leaving.afterUnheardSignal(life, replica);
  }

  beforeRemove(replica: ReplicaId): void {
    this.#once.before(`remove ${replica}`);
    this.#leaving.beforeRemove(replica);
  }

  beforeDrain(replica: ReplicaId): void {
    this.#once.before(`drain ${replica}`);
    this.#leaving.beforeDrain(replica);
    this.#rollouts.beforeEnding(replica);
    this.#checks.beforeEnding(replica);
  }

  beforeCut(replica: ReplicaId): void {
    this.#leaving.beforeCut(replica);
  }

  beforePublish(table: RouteTable): void {
    this.#serving.beforePublish(table, this.#leaving);
    this.#checks.beforePublish(table);
    this.#names.beforePublish(table);
  }

  atPublish(table: RouteTable): void {
    this.#serving.atPublish(table);
  }

  beforeCollect(keep: ReadonlySet<ImageRef>): void {
    this.#asWanted.beforeCollect(keep);
  }

  beforeWrite(life: Life, changes: readonly Change[]): void {
    // Most of what is written is about what happened; nobody asks about that here.
    if (!changes.some(isDecision)) return;
    this.#rollouts.beforeWrite(life, changes);
    this.#checks.beforeWrite(changes);
    this.#judging.beforeWrite(changes);
    this.#said.beforeWrite(changes);
    this.#inTime.beforeWrite(changes);
    this.decisions.note(changes);
  }

  afterWrite(life: Life): void {
    this.#once.afterWrite(life);
    this.#leaving.afterWrite(life);
  }

  /** An effect was answered as done. */
  done(life: Life, key: string): void {
    this.#once.done(life, key);
    if (key.startsWith('drain ')) this.#leaving.afterDrain(life, key.slice('drain '.length) as ReplicaId);
  }

  /** In words; undefined: the world is what the manifest says. */
  whatIsNotRight(): string | undefined {
    return this.#asWanted.whatIsNotRight();
  }
}

const isDecision = ({ table }: Change): boolean => table === 'rollouts' || table === 'services';

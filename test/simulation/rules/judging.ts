import type { Change, RolloutRecord } from '../../../src/control/store/index.ts';
import type { AnalysisPolicy, RevisionNumber, Rollout, ServiceName } from '../../../src/model/index.ts';
import type { Life } from '../life.ts';
import { patience } from '../sim-commands.ts';
import type { World } from '../world.ts';
import type { Decisions } from './decisions.ts';

/** So many requests of one version, in one second. */
export interface Requests {
  readonly service: ServiceName;
  readonly revision: RevisionNumber;
  readonly count: number;
  readonly failed: number;
  readonly answerMs: number;
}

interface Told extends Requests {
  readonly at: number;
  readonly life: Life;
}

/** What is told now has been judged by so long after. */
const judgedWithinMs = 3000;
const toldEveryMs = 1000;
/** Far enough from the limit that rounding makes no difference. */
const clearly = 10;

const byDefault: AnalysisPolicy = {
  minRequests: 20,
  windowSeconds: 60,
  maxErrorIncrease: 5,
  maxLatencyRatio: {},
  onNoSample: 'promote',
};

/** A new version is judged by what its users met: a worse one is taken back, a good one is not, and nobody by too little. */
export class Judging {
  readonly #world: World;
  readonly #decisions: Decisions;
  readonly #told: Told[] = [];
  /** Until then the engine may leave somebody waiting: nobody goes on, or back, while it does not answer. */
  #troubledUntil = Number.NEGATIVE_INFINITY;
  readonly #seen = new Map<string, { readonly rollout: Rollout; readonly since: number }>();

  constructor(world: World, decisions: Decisions) {
    this.#world = world;
    this.#decisions = decisions;
  }

  takeOver(earlier: Judging): void {
    for (const [id, seen] of earlier.#seen) this.#seen.set(id, seen);
  }

  noteRequests(requests: Requests): void {
    const { life, time } = this.#world;
    if (this.#isEngineTroubled()) this.#troubledUntil = time.now + toldEveryMs + patience(this.#world);
    if (requests.count > 0 && life.isAlive) this.#told.push({ ...requests, at: time.now, life });
  }

  beforeWrite(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.table === 'rollouts' && change.row !== undefined) this.#goesOn(change.row);
    }
  }

  #goesOn({ rollout }: RolloutRecord): void {
    const before = this.#seen.get(rollout.id);
    const isSame = before?.rollout.phase === rollout.phase && isSameStep(before.rollout, rollout);
    if (before === undefined || !isSame) this.#seen.set(rollout.id, { rollout, since: this.#world.time.now });
    if (before === undefined || isSame || !this.#world.life.isAlive) return;
    if (rollout.phase === 'failed') this.#checkTakenBack(rollout);
    else if (isJudged(before.rollout)) this.#checkPassed(before, rollout);
  }

  /** By time alone: not when somebody said so. */
  #checkPassed(
    { rollout: before, since }: { readonly rollout: Rollout; readonly since: number },
    after: Rollout,
  ): void {
    const isAsked = (before.promotions ?? 0) !== (after.promotions ?? 0);
    const record = this.#decisions.service(after.service);
    if (isAsked || record === undefined || after.phase === 'superseded' || this.#isAskedToTheEnd(after)) return;
    if (this.#isEngineTroubled() || this.#world.time.now < this.#troubledUntil) return;
    // It may have been decided long before it could be written down.
    if (this.#world.disk.fullUntil > since) return;
    const { minRequests, windowSeconds, maxErrorIncrease } = record.policy.analysis ?? byDefault;
    const begins = Math.max(since, this.#world.time.now - windowSeconds * 1000, this.#troubledUntil);
    const from = begins + judgedWithinMs;
    const fresh = sumOf(this.#toldOf(after.service, from, (revision) => revision === after.to));
    const old = sumOf(this.#toldOf(after.service, 0, (revision) => revision !== after.to));
    const isJudgeable = fresh.count >= minRequests && old.failed === 0;
    if (!isJudgeable || (fresh.failed * 100) / fresh.count <= maxErrorIncrease + clearly) return;
    this.#fail(`${after.id} goes on to ${after.phase}: ${fresh.failed} of ${fresh.count} requests failed, none before`);
  }

  #checkTakenBack(rollout: Rollout): void {
    if (rollout.failure?.code !== 'ROLLOUT_REGRESSED') return;
    const { message } = rollout.failure;
    const policy = this.#decisions.service(rollout.service)?.policy.analysis ?? byDefault;
    const fresh = sumOf(this.#toldOf(rollout.service, 0, (revision) => revision === rollout.to));
    const old = this.#toldOf(rollout.service, 0, (revision) => revision !== rollout.to);
    const isByRequests = / failed, |p9[59] is /.test(message);
    if (!isByRequests) return;
    if (fresh.count < policy.minRequests) this.#fail(`${rollout.id} was judged by ${fresh.count} requests: ${message}`);
    const isSlower = old.some(({ answerMs }) => answerMs < fresh.answerMs);
    if (fresh.failed === 0 && !isSlower) this.#fail(`${rollout.id} did nothing wrong: ${message}`);
  }

  #isAskedToTheEnd({ id }: Rollout): boolean {
    return (
      this.#world.life.store
        ?.all('rollouts')
        .some(({ rollout, requests }) => rollout.id === id && requests?.toTheEnd === true) ?? false
    );
  }

  /** What this supervisor was told: what the one before it knew died with it. */
  #toldOf(service: ServiceName, from: number, is: (revision: RevisionNumber) => boolean): readonly Told[] {
    const now = this.#world.time.now - judgedWithinMs;
    return this.#told.filter(
      (told) =>
        told.service === service &&
        told.life === this.#world.life &&
        told.at >= from &&
        (from === 0 || told.at <= now) &&
        is(told.revision),
    );
  }

  #isEngineTroubled(): boolean {
    const { engineAway, callMs, errShare } = this.#world.trouble;
    return engineAway !== undefined || callMs !== undefined || errShare > 0;
  }

  #fail(words: string): void {
    this.#world.fail('a version is judged by what its users met', words);
  }
}

const isJudged = ({ phase, canary }: Rollout): boolean =>
  phase === 'baking' || (phase === 'canary' && canary?.since !== undefined);

/** Not by its time, which a supervisor moves that starts after the clock was set back. */
const isSameStep = ({ canary: one }: Rollout, { canary: other }: Rollout): boolean =>
  one?.step === other?.step && (one?.since === undefined) === (other?.since === undefined);

const sumOf = (told: readonly Told[]) => ({
  count: told.reduce((sum, { count }) => sum + count, 0),
  failed: told.reduce((sum, { failed }) => sum + failed, 0),
  answerMs: Math.max(0, ...told.map(({ answerMs }) => answerMs)),
});

import type { Change, RolloutRecord } from '../../../src/control/store/index.ts';
import type { Rollout } from '../../../src/model/index.ts';
import type { World } from '../world.ts';
import type { Decisions } from './decisions.ts';

/** A rollout does what people said to it, and nothing that they were to be asked for first. */
export class Said {
  readonly #world: World;
  readonly #decisions: Decisions;
  readonly #written = new Map<string, Rollout>();

  constructor(world: World, decisions: Decisions) {
    this.#world = world;
    this.#decisions = decisions;
  }

  beforeWrite(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.table !== 'rollouts' || change.row === undefined || !this.#world.life.isAlive) continue;
      const before = this.#written.get(change.key);
      this.#written.set(change.key, change.row.rollout);
      if (before === undefined) continue;
      this.#checkPaused(before, change.row);
      this.#checkPromoted(before, change.row);
      this.#checkRollback(change.row);
    }
  }

  /** It may end, be taken back, or give way to a newer one. */
  #checkPaused(before: Rollout, { rollout: after, requests }: RolloutRecord): void {
    if (requests?.paused !== true || before.phase === 'retiring' || !goesOn(before, after)) return;
    this.#world.fail('what is paused stays where it is', `${after.id} goes from ${before.phase} to ${after.phase}`);
  }

  #checkPromoted(before: Rollout, { rollout: after, requests }: RolloutRecord): void {
    if (!goesOn(before, after) || !(passesPreview(before, after) || this.#waitsForPromotion(before))) return;
    if (requests?.toTheEnd === true || (requests?.promotions ?? 0) > (before.promotions ?? 0)) return;
    this.#world.fail('nothing is promoted unasked', `${after.id} goes on to ${after.phase} from ${before.phase}`);
  }

  #waitsForPromotion({ phase, canary, service }: Rollout): boolean {
    if (phase !== 'canary' || canary === undefined) return false;
    return this.#decisions.always(service, ({ policy }) => policy.canary?.steps[canary.step]?.pause === 'promote');
  }

  /** Back is back: it is not tried out again, so that it can't be taken back itself. */
  #checkRollback({ rollout }: RolloutRecord): void {
    const { phase, isRollback, id } = rollout;
    if (isRollback !== true || (phase !== 'baking' && phase !== 'canary' && phase !== 'previewing')) return;
    this.#world.fail('nobody rolls back a rollback', `${id}, a rollback, is ${phase}`);
  }
}

/** Also in one look that enters and leaves it. */
const passesPreview = (before: Rollout, after: Rollout): boolean => {
  const wasIn = ({ history }: Rollout): boolean => history.some(({ phase }) => phase === 'previewing');
  return before.phase === 'previewing' || (!wasIn(before) && wasIn(after) && after.phase !== 'previewing');
};

const goesOn = (before: Rollout, after: Rollout): boolean =>
  after.phase !== 'failed' &&
  !givesWay(before, after) &&
  (before.phase !== after.phase || before.canary?.step !== after.canary?.step);

/** To a newer one; one that has taken over, and is only looked at, counts as completed then. */
const givesWay = ({ phase }: Rollout, after: Rollout): boolean =>
  after.phase === 'superseded' ||
  (phase === 'baking' && after.phase === 'completed' && !after.history.some((one) => one.phase === 'retiring'));

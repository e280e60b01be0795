import type { Change } from '../../../src/control/store/index.ts';
import type { ReplicaStart } from '../../../src/engine/index.ts';
import type { Rollout } from '../../../src/model/index.ts';
import type { World } from '../world.ts';

/** Whatever somebody does to the clock, nobody is late before its time is up; and it passes only while somebody looks. */
export class InTime {
  readonly #world: World;
  /** The first start of a revision, by service and number. */
  readonly #firstStarts = new Map<string, number>();

  readonly #failed = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  beforeStart({ service, revision }: ReplicaStart): void {
    const key = `${service}/${revision}`;
    if (!this.#firstStarts.has(key)) this.#firstStarts.set(key, this.#world.time.now);
  }

  beforeWrite(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.table !== 'rollouts' || change.row === undefined || !this.#world.life.isAlive) continue;
      const { rollout } = change.row;
      if (rollout.phase === 'failed' && !this.#failed.has(rollout.id)) this.#checkLate(rollout);
      if (rollout.phase === 'failed') this.#failed.add(rollout.id);
    }
  }

  #checkLate({ service, to, failure, id }: Rollout): void {
    const seconds = Number(/never became ready within (\d+) s/.exec(failure?.message ?? '')?.[1] ?? 0);
    const { life, time } = this.#world;
    const first = this.#firstStarts.get(`${service}/${to}`);
    if (seconds === 0 || first === undefined) return;
    const lookedFor = time.now - Math.max(first, life.bornAt);
    if (lookedFor >= seconds * 1000) return;
    this.#world.fail('nobody is late before its time is up', `${id} failed after ${lookedFor / 1000} s of ${seconds}`);
  }
}

import type { ReplicaStart } from '../../../src/engine/index.ts';
import type { Life } from '../life.ts';
import type { World } from '../world.ts';

interface Done {
  readonly life: Life;
  isWrittenDown: boolean;
}

/** No operation is repeated once it is known to be done; no attempt is made under a used number. */
export class Once {
  readonly #world: World;
  readonly #done = new Map<string, Done>();
  #unwritten: Done[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  takeOver(earlier: Once): void {
    for (const [key, done] of earlier.#done) if (done.isWrittenDown) this.#done.set(key, done);
  }

  done(life: Life, key: string): void {
    const done = { life, isWrittenDown: false };
    this.#done.set(key, done);
    this.#unwritten.push(done);
  }

  /** Whatever its writer knew by then is on the disk. */
  afterWrite(life: Life): void {
    for (const done of this.#unwritten) done.isWrittenDown ||= done.life === life;
    this.#unwritten = [];
  }

  before(key: string): void {
    const done = this.#done.get(key);
    if (done === undefined || !this.#world.life.isAlive) return;
    if (this.#isForgotten(key)) return;
    this.#world.fail('nothing is done twice', `${key}, which was done already`);
  }

  beforeStart({ id }: ReplicaStart): void {
    const { containers } = this.#world;
    if (containers.namesUsed.has(id) && !containers.all.has(id) && !this.#isForgotten(`start ${id}`)) {
      this.#world.fail('no number is used twice', `${id} ran before and was removed`);
    }
    this.before(`start ${id}`);
  }

  /** Whoever did it died before a word of it could be left on a full disk. */
  #isForgotten(key: string): boolean {
    const done = this.#done.get(key);
    return done !== undefined && !done.isWrittenDown && done.life !== this.#world.life;
  }
}

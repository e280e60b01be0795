import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Block } from './runs.ts';

/** Blocks that were played without a broken rule, one a line, so that a long run that was ended is gone on with. */
export class Progress {
  readonly #path: string | undefined;
  readonly #done = new Map<string, number>();

  constructor(path: string | undefined) {
    this.#path = path;
    if (path === undefined || !existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const [first, runs, seconds] = line.split(' ');
      // A line that was only half written when its writer was ended is no line.
      if (first !== undefined && runs !== undefined && seconds?.endsWith('s') === true)
        this.#done.set(`${first} ${runs}`, Number.parseFloat(seconds));
    }
  }

  has({ first, runs }: Block): boolean {
    return this.#done.has(`${first} ${runs}`);
  }

  /** CPU-seconds that those took which this process has not played. */
  secondsOf(blocks: readonly Block[]): number {
    return blocks.reduce((sum, { first, runs }) => sum + (this.#done.get(`${first} ${runs}`) ?? 0), 0);
  }

  note({ first, runs }: Block, seconds: number): void {
    if (this.#path !== undefined) appendFileSync(this.#path, `${first} ${runs} ${seconds.toFixed(2)}s\n`);
  }
}

import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';

/** Builds take what cores they get: half of them stay with what serves. */
const buildsAtOnce = (): number => Math.max(1, Math.floor(availableParallelism() / 2));

/** How many builds run at once; the others wait. */
export class BuildPlaces {
  readonly #queue: PQueue;

  constructor(concurrency: number | undefined) {
    this.#queue = new PQueue({ concurrency: concurrency ?? buildsAtOnce() });
  }

  /** An abort ends the waiting at once; work that has begun is waited for until it has ended. */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const begun: { work?: Promise<Result> } = {};
    try {
      return await this.#queue.add(
        () => {
          begun.work = work();
          return begun.work;
        },
        { signal },
      );
    } finally {
      await begun.work?.catch(() => undefined);
    }
  }
}

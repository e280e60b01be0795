import { buildCancelled } from './build-cancelled.ts';

interface Job<Result, Progress> {
  readonly controller: AbortController;
  readonly listeners: Set<(progress: Progress) => void>;
  readonly done: Promise<Result>;
}

export type Work<Result, Progress> = (onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>;

/** Work by key: who asks for what is being done joins it. It is cancelled when everybody who asked has cancelled. */
export class SharedWork<Result, Progress> {
  readonly #jobs = new Map<string, Job<Result, Progress>>();

  /** A cancelled caller who was the last one hears of it only when the work has really ended. */
  async run(
    key: string,
    work: Work<Result, Progress>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<{ readonly result: Result; readonly joined: boolean }> {
    for (;;) {
      if (signal.aborted) throw buildCancelled();
      const running = this.#jobs.get(key);
      if (running?.controller.signal.aborted === true) {
        await settled(running.done);
        continue;
      }
      const job = running ?? this.#begin(key, work);
      const result = await this.#follow(job, onProgress, signal);
      return { result, joined: running !== undefined };
    }
  }

  /** What is being done. */
  keys(): Iterable<string> {
    return this.#jobs.keys();
  }

  /** Cancels all and waits until it has ended. */
  async close(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const job of jobs) job.controller.abort();
    await Promise.all(jobs.map((job) => settled(job.done)));
  }

  #begin(key: string, work: Work<Result, Progress>): Job<Result, Progress> {
    const controller = new AbortController();
    const listeners = new Set<(progress: Progress) => void>();
    const tell = (progress: Progress): void => listeners.forEach((listener) => listener(progress));
    const done = work(tell, controller.signal).finally(() => this.#jobs.delete(key));
    const job = { controller, listeners, done };
    this.#jobs.set(key, job);
    return job;
  }

  async #follow(
    job: Job<Result, Progress>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Result> {
    // A function of its own, since two callers may hand in the same one.
    const listener = (progress: Progress): void => onProgress(progress);
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      job.listeners.delete(listener);
      if (job.listeners.size > 0) left.reject(buildCancelled());
      else job.controller.abort();
    };
    job.listeners.add(listener);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([job.done, left.promise]);
    } catch (error) {
      throw job.controller.signal.aborted ? buildCancelled(error) : error;
    } finally {
      job.listeners.delete(listener);
      signal.removeEventListener('abort', leave);
    }
  }
}

const settled = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined);

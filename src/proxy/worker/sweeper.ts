import { readTimeOfDay, steadyNow } from './clock.ts';

/** Something whose deadlines are looked at once a second. */
export interface Sweepable {
  sweep(now: number): void;
}

const intervalMs = 1_000;

/** One coarse timer for all connections of a worker instead of one per request; none while there is nothing to watch. */
export class Sweeper {
  readonly #items = new Set<Sweepable>();
  #timer: NodeJS.Timeout | undefined;
  /** Up to a second behind the clock, which is good enough for deadlines that are looked at that often. */
  now = 0;

  add(item: Sweepable): void {
    this.#items.add(item);
    if (this.#timer !== undefined) return;
    this.#tick();
    this.#timer = setInterval(() => this.#sweep(), intervalMs);
  }

  remove(item: Sweepable): void {
    this.#items.delete(item);
  }

  #sweep(): void {
    this.#tick();
    for (const item of this.#items) item.sweep(this.now);
    if (this.#items.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #tick(): void {
    readTimeOfDay();
    this.now = steadyNow();
  }
}

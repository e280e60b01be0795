/** So many pieces of work at once; whoever comes later waits for a place, in order of arrival. */
export class Places {
  readonly #most: number;
  #taken = 0;
  #waiting: (() => void)[] = [];
  #onIdle: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Begins at once where there is a place. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#taken < this.#most) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Who has not begun never will. */
  clear(): void {
    this.#waiting = [];
  }

  /** Waits until nobody works and nobody waits. */
  async idle(): Promise<void> {
    if (this.#taken > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** A place that is left goes to the next one directly. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return next();
    this.#taken -= 1;
    if (this.#taken > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

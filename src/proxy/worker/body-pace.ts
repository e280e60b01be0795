import type { Patience } from './patience.ts';

/** Whether a body comes as fast as the least that is asked for: a client that drips holds what others could use. */
export class BodyPace {
  readonly #windowMs: number;
  readonly #leastBytes: number;
  #bytes = 0;
  #since: number | undefined;

  constructor({ body, bodyBytesPerSecond }: Patience) {
    this.#windowMs = body;
    this.#leastBytes = (body / 1_000) * bodyBytesPerSecond;
  }

  came(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * Looked at once a second. `isExcused`: it is not the client's turn to be fast. One from which nothing comes at all has
   * a deadline of its own.
   */
  isTooSlow(now: number, isExcused: boolean): boolean {
    if (isExcused) this.#since = undefined;
    const since = (this.#since ??= this.#restart(now));
    if (now - since < this.#windowMs) return false;
    const bytes = this.#bytes;
    this.#since = this.#restart(now);
    return bytes > 0 && bytes < this.#leastBytes;
  }

  #restart(now: number): number {
    this.#bytes = 0;
    return now;
  }
}

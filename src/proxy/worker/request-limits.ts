import type { Pool } from './pool.ts';

/** What the pool allows one request. */
export class RequestLimits {
  #mostBody = Number.POSITIVE_INFINITY;
  #responseMs = Number.POSITIVE_INFINITY;
  #awaitedSince: number | undefined;

  use({ limits }: Pool): void {
    this.#mostBody = limits.bodyBytes;
    this.#responseMs = limits.responseMs;
  }

  allowsBody(bytes: number): boolean {
    return bytes <= this.#mostBody;
  }

  /** Looked at now and then, so that no request pays for a timer of its own. `isAwaited`: it is the application's turn. */
  isLate(now: number, isAwaited: boolean): boolean {
    if (!isAwaited) this.#awaitedSince = undefined;
    else this.#awaitedSince ??= now;
    return this.#awaitedSince !== undefined && now - this.#awaitedSince >= this.#responseMs;
  }
}

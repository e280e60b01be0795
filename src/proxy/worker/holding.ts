import { steadyNow } from './clock.ts';

/** A request that waits for its pool to get an upstream. */
export interface Held {
  /** Tries again with the table as it is now; it may come back. */
  retry(): void;
  giveUp(): void;
}

interface Place {
  readonly held: Held;
  readonly pool: string;
  readonly until: number;
}

/** Requests for pools that are empty by design, in the order they came. */
export class Holding {
  readonly #places: Place[] = [];
  readonly #timers = new Map<Held, NodeJS.Timeout>();
  /** Deadlines and places outlive the retries of one table change. */
  readonly #returning = new Map<Held, number>();
  readonly #workers: number;

  /** Each of so many workers holds its part of a pool's budget, so that all together never exceed it by more than the rounding. */
  constructor(workers: number) {
    this.#workers = workers;
  }

  /** False when the pool's budget is used up. */
  hold(held: Held, pool: string, hold: { readonly seconds: number; readonly maxRequests: number }): boolean {
    const known = this.#returning.get(held);
    const waiting = this.#places.reduce((count, place) => count + (place.pool === pool ? 1 : 0), 0);
    if (hold.seconds <= 0 || (known === undefined && waiting >= Math.ceil(hold.maxRequests / this.#workers)))
      return false;
    const until = known ?? steadyNow() + hold.seconds * 1_000;
    this.#places.push({ held, pool, until });
    this.#timers.set(
      held,
      setTimeout(() => this.#expire(held), until - steadyNow()),
    );
    return true;
  }

  /** The client went away. */
  leave(held: Held): void {
    this.#clear(held);
    const index = this.#places.findIndex((place) => place.held === held);
    if (index >= 0) this.#places.splice(index, 1);
  }

  /** A table came: everyone tries again, oldest first; who still finds nothing keeps place and deadline. */
  retryAll(): void {
    const places = this.#places.splice(0);
    for (const { held, until } of places) {
      this.#clear(held);
      this.#returning.set(held, until);
    }
    for (const { held } of places) held.retry();
    this.#returning.clear();
  }

  #expire(held: Held): void {
    this.leave(held);
    held.giveUp();
  }

  #clear(held: Held): void {
    clearTimeout(this.#timers.get(held));
    this.#timers.delete(held);
  }
}

import type { ConnectionLimits } from '../../model/index.ts';

/** What a connection counts for: its listener, and its address there. Empty where nothing is limited. */
export type Place = readonly string[];

const unlimited: Place = [];

/** How many connections each listener and each of its clients has. Costs nothing where no limit is set. */
export class ConnectionCaps {
  readonly #open = new Map<string, number>();

  /** undefined when it would be one too many. */
  placeFor(listener: string, address: string, limits: ConnectionLimits | undefined): Place | undefined {
    const { connections, connectionsPerAddress } = limits ?? {};
    if (connections === undefined && connectionsPerAddress === undefined) return unlimited;
    const own = `${listener} ${address}`;
    const isFull =
      this.#count(listener) >= (connections ?? Number.POSITIVE_INFINITY) ||
      this.#count(own) >= (connectionsPerAddress ?? Number.POSITIVE_INFINITY);
    return isFull ? undefined : [listener, own];
  }

  enter(place: Place): void {
    for (const key of place) this.#open.set(key, this.#count(key) + 1);
  }

  leave(place: Place): void {
    for (const key of place) {
      const count = this.#count(key) - 1;
      if (count > 0) this.#open.set(key, count);
      else this.#open.delete(key);
    }
  }

  #count(key: string): number {
    return this.#open.get(key) ?? 0;
  }
}

import type { WantedPlace } from '../messages.ts';

/** What one connection counts for. */
type Keys = readonly string[];

/** How many connections each listener and each of its clients has, over all workers of all generations. */
export class ConnectionCaps {
  readonly #open = new Map<string, number>();
  readonly #places = new Map<number, Map<number, Keys>>();

  /** In the order they came: who finds room gets it. */
  take(worker: number, wanted: readonly WantedPlace[]): { readonly granted: number[]; readonly refused: number[] } {
    const granted: number[] = [];
    const refused: number[] = [];
    for (const each of wanted) (this.#enter(worker, each) ? granted : refused).push(each.place);
    return { granted, refused };
  }

  leave(worker: number, places: readonly number[]): void {
    const known = this.#places.get(worker);
    for (const place of places) {
      for (const key of known?.get(place) ?? []) this.#count(key, -1);
      known?.delete(place);
    }
  }

  /** What it had is closed. */
  workerGone(worker: number): void {
    this.leave(worker, [...(this.#places.get(worker)?.keys() ?? [])]);
    this.#places.delete(worker);
  }

  #enter(worker: number, { place, listener, address, connections, connectionsPerAddress }: WantedPlace): boolean {
    const own = `${listener} ${address}`;
    if (this.#has(listener) >= (connections ?? Number.POSITIVE_INFINITY)) return false;
    if (this.#has(own) >= (connectionsPerAddress ?? Number.POSITIVE_INFINITY)) return false;
    const places = this.#places.get(worker) ?? new Map<number, Keys>();
    this.#places.set(worker, places);
    places.set(place, [listener, own]);
    for (const key of [listener, own]) this.#count(key, 1);
    return true;
  }

  #has(key: string): number {
    return this.#open.get(key) ?? 0;
  }

  #count(key: string, change: number): void {
    const count = this.#has(key) + change;
    if (count > 0) this.#open.set(key, count);
    else this.#open.delete(key);
  }
}

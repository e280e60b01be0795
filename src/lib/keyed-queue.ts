import { Places } from './places.ts';

/**
 * A queue of keys. The same key is never worked on twice at once; a key added while waiting collapses into one; a key
 * added while being worked on is worked on once more afterwards.
 */
export class KeyedQueue<Key extends string> {
  readonly #work: (key: Key) => Promise<void>;
  readonly #places: Places;
  readonly #waiting = new Set<Key>();
  readonly #active = new Set<Key>();
  readonly #again = new Set<Key>();

  constructor(work: (key: Key) => Promise<void>, concurrency: number) {
    this.#work = work;
    this.#places = new Places(concurrency);
  }

  add(key: Key): void {
    if (this.#active.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#waiting.add(key);
    void this.#places.take(() => this.#run(key));
  }

  /** Waits until nothing is queued or being worked on. */
  async idle(): Promise<void> {
    await this.#places.idle();
  }

  /** Forgets what has not begun and waits for what has. */
  async close(): Promise<void> {
    this.#places.clear();
    this.#waiting.clear();
    this.#again.clear();
    await this.#places.idle();
  }

  async #run(key: Key): Promise<void> {
    this.#waiting.delete(key);
    this.#active.add(key);
    try {
      await this.#work(key);
    } finally {
      this.#active.delete(key);
      if (this.#again.delete(key)) this.add(key);
    }
  }
}

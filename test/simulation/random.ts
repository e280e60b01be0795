/** A stream of numbers that a seed decides (mulberry32). */
export class Random {
  #state: number;
  readonly #seed: number;
  #beside: Random | undefined;

  constructor(seed: number) {
    this.#seed = seed;
    this.#state = seed >>> 0;
  }

  /** Another stream: what is drawn from it leaves this one, and so the stories that are known by their seeds, as they were. */
  get beside(): Random {
    this.#beside ??= new Random(this.#seed ^ 0x9e3779b9);
    return this.#beside;
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    return mixed(this.#state) / 4294967296;
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** Both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[Math.floor(this.next() * items.length)] ?? items[0];
  }
}

const mixed = (state: number): number => {
  const once = Math.imul(state ^ (state >>> 15), state | 1);
  const twice = once ^ (once + Math.imul(once ^ (once >>> 7), once | 61));
  return (twice ^ (twice >>> 14)) >>> 0;
};

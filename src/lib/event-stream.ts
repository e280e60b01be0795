/** A bounded hand-over from callbacks to `for await`. When full, the oldest is dropped and counted, so a slow reader can't grow it. */
export class EventStream<Item> implements AsyncIterable<Item> {
  readonly #capacity: number;
  readonly #items: Item[] = [];
  #dropped = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  get dropped(): number {
    return this.#dropped;
  }

  push(item: Item): void {
    if (this.#ended) return;
    if (this.#items.length >= this.#capacity) {
      this.#items.shift();
      this.#dropped += 1;
    }
    this.#items.push(item);
    this.#wake?.();
  }

  /** What was pushed is still delivered; then the iteration ends, or throws `failure.error`. */
  end(failure?: { readonly error: unknown }): void {
    this.#ended = true;
    this.#failure ??= failure;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        yield item;
      } else if (this.#ended) {
        if (this.#failure !== undefined) throw this.#failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

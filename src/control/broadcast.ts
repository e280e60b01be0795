import { EventStream } from '../lib/index.ts';

/** One sender, any number of readers, each with a bounded hand-over of its own. */
export class Broadcast<Item> {
  readonly #streams = new Set<EventStream<Item>>();
  #ended = false;

  send(item: Item): void {
    for (const stream of this.#streams) stream.push(item);
  }

  /** From now on. Ends at the abort or with the broadcast. */
  subscribe(signal: AbortSignal): AsyncIterable<Item> {
    const stream = new EventStream<Item>();
    const leave = (): void => {
      this.#streams.delete(stream);
      stream.end();
    };
    if (this.#ended || signal.aborted) {
      stream.end();
      return stream;
    }
    this.#streams.add(stream);
    signal.addEventListener('abort', leave, { once: true });
    return stream;
  }

  end(): void {
    this.#ended = true;
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }
}

interface Due {
  readonly at: number;
  /** Of two at the same time the one asked for first comes first. */
  readonly turn: number;
  run: (() => void) | undefined;
}

/** Time that jumps from one due thing to the next. */
export class VirtualTime {
  readonly #heap: Due[] = [];
  #now: number;
  #turns = 0;

  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  /** When the next thing is due; undefined: nothing ever will be. */
  get nextAt(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.at;
  }

  after(milliseconds: number, run: () => void): () => void {
    const due: Due = { at: this.#now + Math.max(0, milliseconds), turn: this.#turns, run };
    this.#turns += 1;
    this.#push(due);
    return () => {
      due.run = undefined;
    };
  }

  /** Nothing of what was due happens any more. */
  clear(): void {
    this.#heap.length = 0;
  }

  /** Goes to the next due thing and does it. */
  step(): void {
    this.#dropCancelled();
    const due = this.#pop();
    if (due === undefined) return;
    this.#now = due.at;
    due.run?.();
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && this.#heap[0]?.run === undefined) this.#pop();
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let index = heap.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, due)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const child = this.#earlierChild(index);
      const below = heap[child];
      if (below === undefined || isBefore(last, below)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  #earlierChild(index: number): number {
    const left = this.#heap[2 * index + 1];
    const right = this.#heap[2 * index + 2];
    if (left === undefined || right === undefined) return 2 * index + 1;
    return isBefore(left, right) ? 2 * index + 1 : 2 * index + 2;
  }
}

const isBefore = (one: Due, other: Due): boolean => one.at < other.at || (one.at === other.at && one.turn < other.turn);

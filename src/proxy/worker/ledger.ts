import type { RequestRecord } from '../../model/index.ts';
import type { RecordBatch } from '../../protocol/index.ts';
import { RecordWriter } from './record-writer.ts';

/** Records kept while the master is slow to take them. */
const mostRecords = 20_000;
const intervalMs = 100;

/** Hands a batch on; `taken` is called once it has left the process. */
type Send = (batch: RecordBatch, dropped: number, taken: () => void) => void;

/** Collects one record per request and hands them on in batches. Never makes a request wait: when full, records are dropped and counted. */
export class Ledger {
  readonly #send: Send;
  readonly #writer = new RecordWriter();
  #enabled = false;
  #onTheWay = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Nothing is kept while nobody listens. */
  enable(enabled: boolean): void {
    this.#enabled = enabled;
    if (!enabled) this.#writer.take();
  }

  get isEnabled(): boolean {
    return this.#enabled;
  }

  add(record: RequestRecord): void {
    if (!this.#enabled) return;
    if (this.#onTheWay + this.#writer.count >= mostRecords) this.#dropped += 1;
    else if (!this.#writer.add(record)) {
      this.flush();
      this.#writer.add(record);
    }
    this.#timer ??= setTimeout(() => this.flush(), intervalMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { count } = this.#writer;
    if (count === 0 && this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#onTheWay += count;
    this.#send(this.#writer.take(), dropped, () => (this.#onTheWay -= count));
  }
}

import type { FromProxy } from './proxy.ts';
import { recordFormat } from './record-batch.ts';

type RecordsMessage = Extract<FromProxy, { kind: 'records' }>;

/** Octets of memory, about. */
const most = 2 * 1024 * 1024;
/** Of a batch beside its lines. */
const besideLines = 1024;

/** Records for somebody who is away. Of more than there is room for the oldest go, and are counted. */
export class KeptRecords {
  #messages: RecordsMessage[] = [];
  #octets = 0;
  #dropped = 0;

  add(message: RecordsMessage): void {
    this.#messages.push(message);
    this.#octets += sizeOf(message);
    while (this.#octets > most) this.#dropOldest();
  }

  /** These were lost for a reason of their own. */
  drop(records: number): void {
    this.#dropped += records;
  }

  /** In the order in which they came, the first with what was lost before it. */
  get all(): readonly RecordsMessage[] {
    const [first = empty, ...rest] = this.#messages;
    const dropped = first.dropped + this.#dropped;
    return first.batch.count + dropped === 0 ? rest : [{ ...first, dropped }, ...rest];
  }

  clear(): void {
    this.#messages = [];
    this.#octets = 0;
    this.#dropped = 0;
  }

  #dropOldest(): void {
    const oldest = this.#messages.shift();
    if (oldest === undefined) return;
    this.#octets -= sizeOf(oldest);
    this.#dropped += oldest.batch.count + oldest.dropped;
  }
}

const sizeOf = ({ batch }: RecordsMessage): number => batch.lines.length + besideLines;

const empty: RecordsMessage = {
  kind: 'records',
  batch: { format: recordFormat, since: 0, names: [], count: 0, lines: '' },
  dropped: 0,
};

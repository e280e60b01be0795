import type { RequestOutcome, RequestRecord } from '../../model/index.ts';
import type { RecordBatch } from '../../protocol/index.ts';
import type { Refusals } from '../messages.ts';
import { steadyNow, timeOfDay } from './clock.ts';
import { RecordWriter } from './record-writer.ts';

/** Records kept while the master is slow to take them. */
const mostRecords = 20_000;
const intervalMs = 100;
/** Refusals written down per batch; a flood of them is counted, but must not fill anybody's log. */
const mostRefusals = 20;

interface Load {
  readonly batch: RecordBatch;
  readonly dropped: number;
  readonly refusals: Refusals;
}

/** Hands a batch on; `taken` is called once it has left the process. */
type Send = (load: Load, taken: () => void) => void;

/** Something that never became a request. */
export interface Refused {
  readonly outcome: Extract<RequestOutcome, 'bad-request' | 'tls-failed' | 'turned-away'>;
  readonly status: number;
  readonly reason: string;
  readonly client: string;
}

/** Collects one record per request and hands them on in batches. Never makes a request wait: when full, records are dropped and counted. */
export class Ledger {
  readonly #send: Send;
  readonly #writer = new RecordWriter();
  #enabled = false;
  #withClients = false;
  #refusals = new Map<string, number>();
  #refusalsWritten = 0;
  #onTheWay = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Nothing is kept while nobody listens. */
  enable(enabled: boolean, withClients = false): void {
    this.#enabled = enabled;
    this.#withClients = withClients;
    if (!enabled) this.#writer.take();
  }

  get isEnabled(): boolean {
    return this.#enabled;
  }

  add(record: RequestRecord): void {
    if (!this.#enabled) return;
    if (this.#onTheWay + this.#writer.count >= mostRecords) this.#dropped += 1;
    else if (!this.#writer.add(record, this.#withClients)) {
      this.flush();
      this.#writer.add(record, this.#withClients);
    }
    this.#timer ??= setTimeout(() => this.flush(), intervalMs);
  }

  refuse({ outcome, status, reason, client }: Refused): void {
    if (!this.#enabled) return;
    const key = `${status} ${reason}`;
    this.#refusals.set(key, (this.#refusals.get(key) ?? 0) + 1);
    this.#timer ??= setTimeout(() => this.flush(), intervalMs);
    if (this.#refusalsWritten >= mostRefusals) return;
    this.#refusalsWritten += 1;
    const at = timeOfDay(steadyNow());
    this.add({ ...nothingOfARequest, at, outcome, status, reason, client });
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { count } = this.#writer;
    if (count === 0 && this.#dropped === 0 && this.#refusals.size === 0) return;
    const dropped = this.#dropped;
    const refusals = Object.fromEntries(this.#refusals);
    this.#dropped = 0;
    this.#refusals.clear();
    this.#refusalsWritten = 0;
    this.#onTheWay += count;
    this.#send({ batch: this.#writer.take(), dropped, refusals }, () => (this.#onTheWay -= count));
  }
}

const nothingOfARequest = {
  requestId: '',
  pool: undefined,
  generation: 0,
  revision: undefined,
  replica: undefined,
  method: '',
  path: '',
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 0,
} as const;

import type { ReplicaId, RequestOutcome, RequestRecord } from '../model/index.ts';

/** Records on their way from a worker to the master. */
export interface RecordBatch {
  /** What the times in the lines count from. */
  readonly since: number;
  /** What the lines say by number. */
  readonly names: readonly string[];
  readonly lines: string;
}

/** More than the longest target there is. */
const capacity = 131_072;
const nothing = -1;

/**
 * Writes records down as lines of text, outside of the heap. Objects that wait for their batch would be copied by every
 * collection of garbage meanwhile, which costs more than all else about a record.
 */
export class RecordWriter {
  count = 0;
  #octets: Buffer | undefined;
  #length = 0;
  #since = 0;
  readonly #names = new Map<string, number>();

  /** False when there is no room left; always true for the first one of a batch. */
  add(record: RequestRecord): boolean {
    if (this.count === 0) this.#since = record.at;
    const { requestId, at, generation, method, path, status, bytesIn, bytesOut, durationMs } = record;
    const where = `${this.#name(record.pool)} ${generation} ${record.revision ?? nothing} ${this.#name(record.replica)}`;
    const what = `${method} ${path} ${status} ${bytesIn} ${bytesOut} ${durationMs} ${this.#name(record.outcome)}`;
    const line = `${requestId} ${at - this.#since} ${where} ${what}\n`;
    const octets = (this.#octets ??= Buffer.allocUnsafeSlow(capacity));
    if (this.#length + line.length > capacity) return false;
    this.#length += octets.write(line, this.#length, 'latin1');
    this.count += 1;
    return true;
  }

  /** What was written since the last time. */
  take(): RecordBatch {
    const lines = this.#octets?.toString('latin1', 0, this.#length) ?? '';
    const batch = { since: this.#since, names: [...this.#names.keys()], lines };
    this.#names.clear();
    this.#length = 0;
    this.count = 0;
    return batch;
  }

  #name(name: string | undefined): number {
    if (name === undefined) return nothing;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, this.#names.size);
    return this.#names.size - 1;
  }
}

export const readRecords = ({ since, names, lines }: RecordBatch): readonly RequestRecord[] =>
  lines
    .split('\n')
    .slice(0, -1)
    .map((line) => recordIn(line.split(' '), since, names));

const recordIn = (parts: readonly string[], since: number, names: readonly string[]): RequestRecord => {
  const [requestId = '', at, pool, generation, revision, replica, method = '', path = '', ...rest] = parts;
  const [status, bytesIn, bytesOut, durationMs, outcome] = rest.map(Number);
  const revisionNumber = Number(revision);
  return {
    at: since + Number(at),
    requestId,
    pool: names[Number(pool)],
    generation: Number(generation),
    revision: revisionNumber === nothing ? undefined : revisionNumber,
    replica: names[Number(replica)] as ReplicaId | undefined,
    method,
    path,
    status: status ?? 0,
    bytesIn: bytesIn ?? 0,
    bytesOut: bytesOut ?? 0,
    durationMs: durationMs ?? 0,
    outcome: names[outcome ?? nothing] as RequestOutcome,
  };
};

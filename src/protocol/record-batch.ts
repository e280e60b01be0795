import type { ReplicaId, RequestOutcome, RequestRecord } from '../model/index.ts';

/** Records on their way from a worker through the master to the supervisor: who only passes them on never takes them apart. */
export interface RecordBatch {
  /** What the times in the lines count from. */
  readonly since: number;
  /** What the lines say by number. */
  readonly names: readonly string[];
  readonly count: number;
  readonly lines: string;
}

/** Stands in a line for what is undefined. */
export const nothing = -1;

export const readRecords = (batch: Omit<RecordBatch, 'count'>): readonly RequestRecord[] => [...recordsIn(batch)];

/** One after the other, for who needs none of them for longer. */
export function* recordsIn({ since, names, lines }: Omit<RecordBatch, 'count'>): Generator<RequestRecord> {
  let from = 0;
  for (let end = lines.indexOf('\n'); end >= 0; end = lines.indexOf('\n', from)) {
    yield recordIn(lines.slice(from, end).split(' '), since, names);
    from = end + 1;
  }
}

const recordIn = (parts: readonly string[], since: number, names: readonly string[]): RequestRecord => {
  const [requestId = '', at, pool, generation, revision, replica, method = '', path = '', ...rest] = parts;
  const [status, bytesIn, bytesOut, durationMs, outcome, reason] = rest.slice(0, 6).map(Number);
  const [client = '', host = '', passedOver, route, firstByteMs] = rest.slice(6);
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
    ...(reason !== undefined && reason !== nothing && { reason: names[reason] }),
    ...(client !== '' && { client }),
    ...(host !== '' && { host }),
    ...saidIn('passedOver', passedOver),
    ...saidIn('firstByteMs', firstByteMs),
    ...(route !== undefined && Number(route) !== nothing && { route: names[Number(route)] }),
  };
};

const saidIn = (name: 'passedOver' | 'firstByteMs', number: string | undefined): Partial<RequestRecord> =>
  number === undefined || Number(number) === nothing ? {} : { [name]: Number(number) };

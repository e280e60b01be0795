import type { ReplicaId, RequestOutcome, RequestRecord } from '../model/index.ts';

/** Records on their way from a worker through the master to the supervisor: who only passes them on never takes them apart. */
export interface RecordBatch {
  /** How the lines are written. A batch that does not say it is of a release before that. */
  readonly format: number;
  /** What the times in the lines count from. */
  readonly since: number;
  /** What the lines say by number. */
  readonly names: readonly string[];
  readonly count: number;
  readonly lines: string;
}

/** Goes up with every change of the lines: the worker that wrote them may be of another release than who reads them. */
export const recordFormat = 1;

export const isReadable = ({ format }: Pick<RecordBatch, 'format'>): boolean => format === recordFormat;

/** Ends a line. It stands in no request, and JSON has it as it is: a line feed would have every one of them escaped and put back, twice. */
export const lineEnd = 0x7f;

/**
 * Our ids count up: most of them differ from the one before in so many characters at most. Then the line begins with nothing and
 * these; the line of no id at all begins with nothing twice.
 */
export const endingLength = 3;

/** Stands in a line for what is undefined. */
export const nothing = -1;

/** One after the other, for who needs none of them for longer. */
export function* recordsIn({ since, names, lines }: Omit<RecordBatch, 'count' | 'format'>): Generator<RequestRecord> {
  let from = 0;
  let id = '';
  for (let end = lines.indexOf(lineEnding); end >= 0; end = lines.indexOf(lineEnding, from)) {
    const [whole = '', ...rest] = lines.slice(from, end).split(' ');
    const ending = whole === '' ? rest.shift() : undefined;
    if (whole !== '') id = whole;
    const requestId = ending === undefined ? id : ending === '' ? '' : id.slice(0, -endingLength) + ending;
    yield { requestId, ...recordIn(rest, since, names) };
    from = end + 1;
  }
}

const recordIn = (
  parts: readonly string[],
  since: number,
  names: readonly string[],
): Omit<RequestRecord, 'requestId'> => {
  const [at, route, pool, generation, revision, replica, method = '', path = '', ...rest] = parts;
  const [status = 0, bytesIn = 0, bytesOut = 0, firstByteMs = nothing, durationMs = 0, outcome = nothing] = rest
    .slice(0, 6)
    .map(Number);
  const [reason, passedOver, client = '', host = ''] = rest.slice(6);
  const revisionNumber = Number(revision);
  return {
    at: since + Number(at),
    ...(route !== notSaid && { route: names[Number(route)] }),
    pool: names[Number(pool)],
    generation: Number(generation),
    revision: revisionNumber === nothing ? undefined : revisionNumber,
    replica: names[Number(replica)] as ReplicaId | undefined,
    method,
    path,
    status,
    bytesIn,
    bytesOut,
    ...(firstByteMs !== nothing && { firstByteMs }),
    durationMs,
    outcome: names[outcome] as RequestOutcome,
    ...(reason !== undefined && reason !== notSaid && { reason: names[Number(reason)] }),
    ...(passedOver !== undefined && passedOver !== notSaid && { passedOver: Number(passedOver) }),
    ...(client !== '' && { client }),
    ...(host !== '' && { host }),
  };
};

const notSaid = String(nothing);

const lineEnding = String.fromCharCode(lineEnd);

import type { Engine, EngineReplica, LogLine } from '../engine/index.ts';
import { EventStream } from '../lib/index.ts';
import type { Instant, ReplicaId, ServiceName } from '../model/index.ts';
import type { LogEntry } from '../protocol/index.ts';
import type { LiveFacts } from './live-facts.ts';
import type { LogFilter } from './supervisor-control.ts';

export interface LogsParts {
  readonly engine: Engine;
  readonly live: LiveFacts;
}

/** Lines of all replicas of a service, old and new version together; those that appear later join in when followed. */
export const readLogs = (parts: LogsParts, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogEntry> =>
  filter.follow ? followed(parts, filter, signal) : stored(parts, filter, signal);

async function* stored({ engine }: LogsParts, filter: LogFilter, signal: AbortSignal): AsyncGenerator<LogEntry> {
  const entries: LogEntry[] = [];
  for (const replica of await engine.observe(filter.service as ServiceName | undefined, signal)) {
    const options = { follow: false, tail: filter.tail };
    for await (const line of engine.logs(replica.id, options, signal)) entries.push(entryOf(replica, line));
  }
  yield* entries.sort((a, b) => a.at - b.at);
}

/** First what there is, by time; then what comes. */
async function* followed(parts: LogsParts, filter: LogFilter, outer: AbortSignal): AsyncGenerator<LogEntry> {
  const ended = new AbortController();
  const signal = AbortSignal.any([outer, ended.signal]);
  const lines = new EventStream<LogEntry>();
  signal.addEventListener('abort', () => lines.end(), { once: true });
  const readers = new Map<ReplicaId, Reader>();
  const changes = parts.live.changes.subscribe(signal);
  try {
    for await (const entry of stored(parts, filter, signal)) {
      const reader = readers.get(entry.replica) ?? newReader(filter.tail);
      readers.set(entry.replica, noted(reader, entry.at));
      yield entry;
    }
    void gather(parts, filter, { readers, changes, lines, signal });
    yield* lines;
  } finally {
    ended.abort();
  }
}

/** How far one replica's log was read. */
interface Reader {
  /** Wanted of what it had said before; undefined: all of it. */
  readonly tail: number | undefined;
  isReading: boolean;
  /** Read to the end after the replica had ended. */
  isDone: boolean;
  lastAt: Instant | undefined;
  /** Lines of that very instant that were read. */
  atLast: number;
}

const newReader = (tail: number | undefined): Reader => ({
  tail,
  isReading: false,
  isDone: false,
  lastAt: undefined,
  atLast: 0,
});

const noted = (reader: Reader, at: Instant): Reader => {
  reader.atLast = at === reader.lastAt ? reader.atLast + 1 : 1;
  reader.lastAt = at;
  return reader;
};

interface Gathering {
  readonly readers: Map<ReplicaId, Reader>;
  readonly changes: AsyncIterable<ServiceName>;
  readonly lines: EventStream<LogEntry>;
  readonly signal: AbortSignal;
}

/** Whatever becomes of a service, its replicas are looked at anew: who is not read, or no longer, is read on. */
const gather = async ({ engine }: LogsParts, filter: LogFilter, into: Gathering): Promise<void> => {
  const { readers, changes, lines, signal } = into;
  const join = async (tail: number | undefined): Promise<void> => {
    // An engine that is away says so itself when it is back.
    const replicas = await engine.observe(filter.service as ServiceName | undefined, signal).catch(() => []);
    for (const replica of replicas) {
      const reader = readers.get(replica.id) ?? newReader(tail);
      readers.set(replica.id, reader);
      if (!reader.isReading && !reader.isDone) void readOn(engine, { replica, reader, lines, signal });
    }
  };
  await join(filter.tail);
  for await (const service of changes) {
    if (filter.service === undefined || filter.service === service) await join(undefined);
  }
  lines.end();
};

const readOn = async (
  engine: Engine,
  { replica, reader, lines, signal }: Pick<Gathering, 'lines' | 'signal'> & { replica: EngineReplica; reader: Reader },
): Promise<void> => {
  const { lastAt: since, tail } = reader;
  const options = { follow: true, ...(since === undefined ? { tail } : { tail: undefined, since }) };
  let known = reader.atLast;
  reader.isReading = true;
  try {
    for await (const line of engine.logs(replica.id, options, signal)) {
      if (line.at === since && known > 0) {
        known -= 1;
        continue;
      }
      noted(reader, line.at);
      lines.push(entryOf(replica, line));
    }
    reader.isDone = replica.state.kind === 'exited';
  } catch {
    // It was removed, or the engine went away: the others go on, and it is read on when it is seen again.
  } finally {
    reader.isReading = false;
  }
};

const entryOf = (replica: Pick<EngineReplica, 'id' | 'service' | 'revision'>, line: LogLine): LogEntry => ({
  at: line.at,
  service: replica.service,
  replica: replica.id,
  revision: replica.revision,
  stream: line.stream,
  text: line.text,
});

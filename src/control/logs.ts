import type { Engine, LogLine } from '../engine/index.ts';
import { EventStream } from '../lib/index.ts';
import type { ObservedReplica, ServiceName } from '../model/index.ts';
import type { LogEntry } from '../protocol/index.ts';
import type { LiveFacts } from './live-facts.ts';
import type { LogFilter } from './supervisor-control.ts';

export interface LogsParts {
  readonly engine: Engine;
  readonly live: LiveFacts;
}

type LoggedReplica = Pick<ObservedReplica, 'id' | 'service' | 'revision'>;

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

async function* followed(parts: LogsParts, filter: LogFilter, outer: AbortSignal): AsyncGenerator<LogEntry> {
  const ended = new AbortController();
  const signal = AbortSignal.any([outer, ended.signal]);
  const lines = new EventStream<LogEntry>();
  signal.addEventListener('abort', () => lines.end(), { once: true });
  const gathering = gather(parts, filter, { lines, signal }).catch((error: unknown) => lines.end({ error }));
  try {
    yield* lines;
  } finally {
    ended.abort();
    await gathering;
  }
}

const gather = async (
  { engine, live }: LogsParts,
  filter: LogFilter,
  { lines, signal }: { readonly lines: EventStream<LogEntry>; readonly signal: AbortSignal },
): Promise<void> => {
  const known = new Set<string>();
  const changes = live.changes.subscribe(signal);
  const join = async (options: { readonly tail: number | undefined }): Promise<void> => {
    for (const replica of await engine.observe(filter.service as ServiceName | undefined, signal)) {
      if (known.has(replica.id)) continue;
      known.add(replica.id);
      void followReplica(engine, replica, { ...options, lines, signal });
    }
  };
  await join({ tail: filter.tail });
  for await (const service of changes) {
    if (filter.service === undefined || filter.service === service) await join({ tail: undefined });
  }
  lines.end();
};

const followReplica = async (
  engine: Engine,
  replica: LoggedReplica,
  into: { readonly tail: number | undefined; readonly lines: EventStream<LogEntry>; readonly signal: AbortSignal },
): Promise<void> => {
  try {
    const options = { follow: true, tail: into.tail };
    for await (const line of engine.logs(replica.id, options, into.signal)) into.lines.push(entryOf(replica, line));
  } catch {
    // It was removed, or the engine went away: the others go on, and a new replica joins when it appears.
  }
};

const entryOf = (replica: LoggedReplica, line: LogLine): LogEntry => ({
  at: line.at,
  service: replica.service,
  replica: replica.id,
  revision: replica.revision,
  stream: line.stream,
  text: line.text,
});

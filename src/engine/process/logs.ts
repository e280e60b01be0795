import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LineSplitter } from '../../lib/index.ts';
import type { Instant, ReplicaId } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { LogLine, LogOptions } from '../port.ts';
import { logFileName, logFileNumbers, parseLogLine } from './log-file.ts';
import { readRecord } from './record.ts';

/** Straight from the files, so it needs no runner; a file system event says when there is more. */
export const replicaLogs = async function* (
  folder: string,
  replica: ReplicaId,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  if ((await readRecord(folder)) === undefined) {
    throw new PointsmanError('ENGINE_FAILED', { message: `${replica} is gone, and its log with it.` });
  }
  const reader = new LogReader(folder, replica);
  if (!options.follow) {
    yield* lastLines(await everything(reader, options.since), options.tail);
    return;
  }
  const changes = new FolderChanges(folder, signal);
  try {
    if (options.tail !== undefined) yield* lastLines(await everything(reader), options.tail);
    while (!signal.aborted) {
      const hasEnded = (await readRecord(folder))?.exit !== null;
      yield* from(options.since, reader.more(signal));
      if (hasEnded) return;
      await changes.next();
    }
  } finally {
    changes.close();
  }
};

const from = async function* (since: Instant | undefined, lines: AsyncIterable<LogLine>): AsyncGenerator<LogLine> {
  for await (const line of lines) if (since === undefined || line.at >= since) yield line;
};

const everything = async (reader: LogReader, since?: Instant): Promise<readonly LogLine[]> => {
  const lines: LogLine[] = [];
  for await (const line of from(since, reader.more(new AbortController().signal))) lines.push(line);
  return lines;
};

const lastLines = (lines: readonly LogLine[], count: number | undefined): readonly LogLine[] =>
  count === undefined ? lines : lines.slice(Math.max(lines.length - count, 0));

/** Reads on from where it stopped, over the change from one file to the next. What was removed meanwhile is skipped. */
class LogReader {
  readonly #folder: string;
  readonly #lines: LogLine[] = [];
  readonly #splitter: LineSplitter;
  #number = 0;
  #offset = 0;

  constructor(folder: string, replica: ReplicaId) {
    this.#folder = folder;
    this.#splitter = new LineSplitter((text) => {
      const line = parseLogLine(text);
      if (line !== undefined) this.#lines.push({ ...line, replica });
    });
  }

  async *more(signal: AbortSignal): AsyncGenerator<LogLine> {
    for (;;) {
      const next = logFileNumbers(await readdir(this.#folder).catch(() => [])).find((number) => number >= this.#number);
      if (next === undefined) return;
      if (next > this.#number) this.#skipTo(next);
      // Asked before reading: what is written between our last read and the writer's going on would be lost otherwise.
      const isFull = await this.#isFull(next);
      const file = await open(join(this.#folder, logFileName(next))).catch(() => undefined);
      if (file === undefined) return;
      try {
        yield* this.#rest(file, signal);
      } finally {
        await file.close();
      }
      if (signal.aborted || !isFull) return;
      this.#skipTo(next + 1);
    }
  }

  #skipTo(number: number): void {
    this.#splitter.end();
    this.#number = number;
    this.#offset = 0;
  }

  async *#rest(file: FileHandle, signal: AbortSignal): AsyncGenerator<LogLine> {
    const buffer = Buffer.alloc(64 * 1024);
    while (!signal.aborted) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      this.#splitter.push(buffer.subarray(0, bytesRead));
      yield* this.#lines.splice(0);
    }
  }

  /** The writer has gone on to a later one. */
  async #isFull(number: number): Promise<boolean> {
    const numbers = logFileNumbers(await readdir(this.#folder).catch(() => []));
    return numbers.some((other) => other > number);
  }
}

/** Remembers a change that comes between two waits. */
class FolderChanges {
  readonly #watcher: FSWatcher;
  #changed = false;
  #wake: () => void = () => undefined;

  constructor(folder: string, signal: AbortSignal) {
    this.#watcher = watch(folder, { signal }, () => this.#note());
    this.#watcher.on('error', () => this.#note());
    signal.addEventListener('abort', () => this.#note(), { once: true });
  }

  async next(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#changed = false;
  }

  close(): void {
    this.#watcher.close();
  }

  #note(): void {
    this.#changed = true;
    this.#wake();
  }
}

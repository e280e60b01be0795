import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { LineSplitter } from '../../lib/index.ts';
import type { Instant, ReplicaId } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { LogLine, LogOptions } from '../port.ts';
import { askDocker, engineError, httpStatus, openDockerStream } from './ask.ts';
import { FrameDecoder } from './frames.ts';

/** Lines of one container, which need not have the replica's name (a run that happens once). */
export const containerLogs = async function* (
  docker: Docker,
  source: { readonly container: string; readonly replica: ReplicaId },
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const decoder = new LogDecoder(source.replica);
  try {
    for await (const chunk of openLog(docker, source.container, options, signal)) yield* decoder.push(chunk);
    yield* decoder.end();
  } catch (error) {
    if (signal.aborted) return;
    if (httpStatus(error) !== 404) throw engineError(`read the log of ${source.container}`, error);
    throw new PointsmanError('ENGINE_FAILED', {
      message: `${source.container} is gone, and its log with it.`,
      cause: error,
    });
  }
};

const openLog = async function* (
  docker: Docker,
  name: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const container = docker.getContainer(name);
  const wanted = {
    stdout: true,
    stderr: true,
    timestamps: true,
    ...(options.tail !== undefined && { tail: options.tail }),
    ...(options.since !== undefined && { since: options.since / 1000 }),
  };
  const what = `read the log of ${name}`;
  if (!options.follow) {
    // Whole in memory: it is bounded by the container's own rotation.
    yield await askDocker(what, signal, (abortSignal) => container.logs({ ...wanted, follow: false, abortSignal }));
    return;
  }
  const stream = await openDockerStream(what, signal, (abortSignal) =>
    container.logs({ ...wanted, follow: true, abortSignal }),
  );
  yield* stream as Readable as AsyncIterable<Buffer>;
};

/** Every frame is one message and begins with its time; a line longer than 16 KiB comes in several messages. */
class LogDecoder {
  readonly #frames = new FrameDecoder();
  readonly #splitters: Readonly<Record<LogLine['stream'], LineSplitter>>;
  #lines: LogLine[] = [];
  #at: Instant = 0;

  constructor(replica: ReplicaId) {
    const splitter = (stream: LogLine['stream']) =>
      new LineSplitter((text) => this.#lines.push({ at: this.#at, replica, stream, text }), longestLine);
    this.#splitters = { stdout: splitter('stdout'), stderr: splitter('stderr') };
  }

  push(chunk: Buffer): LogLine[] {
    for (const { stream, payload } of this.#frames.push(chunk)) {
      const space = payload.indexOf(0x20);
      this.#at = Date.parse(payload.toString('latin1', 0, space));
      this.#splitters[stream].push(payload.subarray(space + 1));
    }
    return this.#take();
  }

  end(): LogLine[] {
    for (const splitter of Object.values(this.#splitters)) splitter.end();
    return this.#take();
  }

  #take(): LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }
}

const longestLine = 256 * 1024;

import { lstat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { EventStream, LineSplitter } from '../../lib/index.ts';
import { errorFromReport, PointsmanError } from '../../model/index.ts';
import { untilAbort } from '../until-abort.ts';
import type { ReplicaEvent, RunnerMessage, RunnerMethod, RunnerParams, RunnerResult } from './messages.ts';
import { messagesVersion } from './messages.ts';

/** Longest wait for one answer. Removing may take five seconds where a process does not die. */
const answerLimitMs = 30_000;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One connection to the runner. */
export class RunnerConnection {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #readers = new Set<EventStream<ReplicaEvent>>();
  readonly #hello = Promise.withResolvers<void>();
  #lastId = 0;
  #endedOnPurpose = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new LineSplitter((line) => this.#receive(JSON.parse(line)));
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.once('error', () => socket.destroy());
    socket.once('close', () => this.#ended());
  }

  /** undefined when nobody listens there. */
  static async open(path: string, signal: AbortSignal): Promise<RunnerConnection | undefined> {
    // A socket in /tmp under our name that is not ours could be anybody's; requests carry variables.
    const owner = await lstat(path).then(
      ({ uid }) => uid,
      () => undefined,
    );
    if (owner === undefined || owner !== process.getuid?.()) return undefined;
    const socket = await connected(path);
    if (socket === undefined) return undefined;
    const connection = new RunnerConnection(socket);
    try {
      await within(connection.#hello.promise, signal);
      return connection;
    } catch (error) {
      socket.destroy();
      if (signal.aborted || (error instanceof PointsmanError && error.code === 'ENGINE_FAILED')) throw error;
      return undefined;
    }
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** The runner said goodbye: nothing runs. */
  get endedOnPurpose(): boolean {
    return this.#endedOnPurpose;
  }

  async request<Method extends RunnerMethod>(
    method: Method,
    params: RunnerParams<Method>,
    signal: AbortSignal,
  ): Promise<RunnerResult<Method>> {
    signal.throwIfAborted();
    const id = (this.#lastId += 1);
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    try {
      return (await within(answer, signal)) as RunnerResult<Method>;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** What happens from now on; ends with the connection. */
  notices(): EventStream<ReplicaEvent> {
    const reader = new EventStream<ReplicaEvent>();
    this.#readers.add(reader);
    if (!this.isOpen) reader.end();
    return reader;
  }

  forget(reader: EventStream<ReplicaEvent>): void {
    this.#readers.delete(reader);
    reader.end();
  }

  close(): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.destroy();
    });
  }

  /** Resolves once the runner is gone: its side ends with its process. */
  ended(signal: AbortSignal): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    return within(new Promise<void>((resolve) => this.#socket.once('close', () => resolve())), signal);
  }

  #receive(message: RunnerMessage): void {
    switch (message.kind) {
      case 'hello':
        if (message.version === messagesVersion) this.#hello.resolve();
        else this.#hello.reject(otherVersion());
        return;
      case 'answer':
        this.#waiting.get(message.id)?.resolve(message.result);
        return;
      case 'failure':
        this.#waiting.get(message.id)?.reject(errorFromReport(message.error));
        return;
      case 'notice':
        for (const reader of this.#readers) reader.push(message.event);
        return;
      case 'goodbye':
        this.#endedOnPurpose = true;
    }
  }

  #ended(): void {
    const error = unreachable('it ended');
    this.#hello.promise.catch(() => undefined);
    this.#hello.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    for (const reader of this.#readers) reader.end();
  }
}

/** Waits for an answer of the runner, but not for ever. */
const within = async <Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> => {
  const limit = AbortSignal.timeout(answerLimitMs);
  try {
    return await untilAbort(answer, AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted || !limit.aborted) throw error;
    throw unreachable(`no answer within ${answerLimitMs / 1000} s`);
  }
};

const connected = (path: string): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(undefined));
  });

const unreachable = (reason: string): PointsmanError =>
  new PointsmanError('ENGINE_UNREACHABLE', {
    message: `The process runner did not answer: ${reason}.`,
    fix: 'Pointsman starts another by itself; if this repeats, see runner.log in the state folder.',
  });

const otherVersion = (): PointsmanError =>
  new PointsmanError('ENGINE_FAILED', {
    message: 'The processes here were started by another version of Pointsman.',
    fix: 'Run `pointsman down` with that version first.',
  });

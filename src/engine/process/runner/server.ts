import { chmodSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { LineSplitter } from '../../../lib/index.ts';
import { errorReport, PointsmanError } from '../../../model/index.ts';
import type { ReplicaEvent, RunnerMessage, RunnerMethod, RunnerRequest } from '../messages.ts';
import { messagesVersion } from '../messages.ts';
import type { Replicas } from './replicas.ts';

/**
 * Serves engines on a unix socket until the last one has gone and nothing runs, or until told to shut down; then calls
 * `onEnd`, once. Connections are left open: they end with the process, so who waits for theirs knows that it is gone.
 */
export class RunnerServer {
  readonly #replicas: Replicas;
  readonly #onEnd: () => void;
  readonly #clients = new Set<Socket>();
  readonly #server: Server;
  readonly #socketPath: string;
  #isEnding = false;

  constructor(socketPath: string, replicas: Replicas, onEnd: () => void) {
    this.#socketPath = socketPath;
    this.#replicas = replicas;
    this.#onEnd = onEnd;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  listen(): Promise<void> {
    // Whoever holds the lock is the only runner, so a socket that is there is a dead one's.
    rmSync(this.#socketPath, { force: true });
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#socketPath, () => {
        chmodSync(this.#socketPath, 0o600);
        resolve();
      });
    });
  }

  notify(event: ReplicaEvent): void {
    for (const client of this.#clients) send(client, { kind: 'notice', event });
    this.endIfIdle();
  }

  endIfIdle(): void {
    if (this.#clients.size === 0 && this.#replicas.areAllEnded) this.#end();
  }

  #serve(socket: Socket): void {
    this.#clients.add(socket);
    send(socket, { kind: 'hello', version: messagesVersion });
    const lines = new LineSplitter((line) => void this.#answer(socket, JSON.parse(line)));
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.once('error', () => socket.destroy());
    socket.once('close', () => {
      this.#clients.delete(socket);
      this.endIfIdle();
    });
  }

  async #answer(socket: Socket, request: RunnerRequest): Promise<void> {
    // The goodbye tells its sender to ask the next runner.
    if (this.#isEnding) return;
    try {
      const result = await handlers(this.#replicas)[request.method](request);
      send(socket, { kind: 'answer', id: request.id, result });
      if (request.method === 'shutdown') this.#end();
    } catch (error) {
      send(socket, { kind: 'failure', id: request.id, error: errorReport(inOurWords(error)) });
    }
    // Its sender may have gone while it was being done.
    this.endIfIdle();
  }

  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    rmSync(this.#socketPath, { force: true });
    this.#server.close();
    const farewells = Array.from(this.#clients, (client) => flushed(client, { kind: 'goodbye' }));
    void Promise.all(farewells).then(this.#onEnd);
  }
}

/** All that the runner writes lies in the state folder: a disk that refuses is no defect of ours. */
const inOurWords = (error: unknown): unknown => {
  if (!(error instanceof Error && 'code' in error && refusals.has(error.code))) return error;
  return new PointsmanError('STATE_WRITE_FAILED', {
    message: `the state folder cannot be written: ${error.message}`,
    fix: 'Free space on that disk or make the folder writable; it is tried again by itself.',
    cause: error,
  });
};

const refusals: ReadonlySet<unknown> = new Set(['EROFS', 'ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EIO']);

/** Nobody reads any more: its close event follows. */
const send = (socket: Socket, message: RunnerMessage): void => {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
};

/** A client that does not read any more is not waited for: the goodbye only spares it a question. */
const flushed = (socket: Socket, message: RunnerMessage): Promise<void> =>
  new Promise((resolve) => {
    if (!socket.writable) return resolve();
    socket.once('close', () => resolve());
    socket.write(`${JSON.stringify(message)}\n`, () => resolve());
  });

type Handlers = {
  readonly [Method in RunnerMethod]: (request: Extract<RunnerRequest, { method: Method }>) => unknown;
};

const handlers = (replicas: Replicas): Record<RunnerMethod, (request: RunnerRequest) => unknown> => {
  const typed: Handlers = {
    start: ({ params }) => replicas.start(params),
    signal: ({ params }) => {
      replicas.signal(params.replica, params.name);
      return null;
    },
    remove: async ({ params }) => {
      await replicas.remove(params);
      return null;
    },
    list: () => replicas.list(),
    shutdown: () => {
      if (replicas.isEmpty) return null;
      const names = replicas.list().map(({ identity }) => identity.id);
      throw new PointsmanError('ENGINE_FAILED', {
        message: `There are still replicas: ${names.join(', ')}.`,
        fix: 'Remove them first.',
      });
    },
  };
  return typed as Record<RunnerMethod, (request: RunnerRequest) => unknown>;
};

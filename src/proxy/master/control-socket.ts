import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { LineSplitter } from '../../lib/index.ts';
import { recordFormat } from '../../protocol/index.ts';
import type { FromProxy, RecordBatch, ToProxy } from '../../protocol/index.ts';
import { listenPrivately } from './listen-privately.ts';

export interface ControlSocketOptions {
  readonly path: string;
  /** A supervisor came; what is returned is said to it first. */
  readonly greet: () => FromProxy;
  readonly receive: (message: ToProxy) => Promise<FromProxy>;
  readonly onSupervisor: (isPresent: boolean) => void;
}

/** A supervisor that does not read gets no further records; they are counted as dropped. */
const mostWaiting = 4 * 1024 * 1024;

/** Where the supervisor speaks to us. One at a time: a newer one takes the place of an older. */
export class ControlSocket {
  readonly #options: ControlSocketOptions;
  readonly #server: Server;
  #supervisor: Socket | undefined;
  #dropped = 0;

  constructor(options: ControlSocketOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  open(): Promise<void> {
    return listenPrivately(this.#server, this.#options.path);
  }

  /** Says something unasked; lost when nobody listens. */
  say(message: FromProxy): void {
    const supervisor = this.#supervisor;
    if (message.kind !== 'records') {
      supervisor?.write(`${JSON.stringify(message)}\n`);
      return;
    }
    if (supervisor === undefined || supervisor.writableLength > mostWaiting) {
      this.#dropped += supervisor === undefined ? 0 : message.batch.count + message.dropped;
      return;
    }
    supervisor.write(`${JSON.stringify({ ...message, dropped: message.dropped + this.#dropped })}\n`);
    this.#dropped = 0;
  }

  close(): void {
    this.#server.close();
    this.#supervisor?.destroySoon();
  }

  #connected(socket: Socket): void {
    this.say({ kind: 'replaced' });
    this.#supervisor?.end();
    this.#supervisor = socket;
    this.#dropped = 0;
    const lines = new LineSplitter((line) => void this.#received(socket, line));
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => this.#tellDropped(socket));
    socket.on('close', () => this.#left(socket));
    this.say(this.#options.greet());
    this.#options.onSupervisor(true);
  }

  /** It reads again. Without more traffic there would be no further records for the count to go with. */
  #tellDropped(socket: Socket): void {
    if (this.#supervisor === socket && this.#dropped > 0) this.say({ kind: 'records', batch: noRecords, dropped: 0 });
  }

  #left(socket: Socket): void {
    if (this.#supervisor !== socket) return;
    this.#supervisor = undefined;
    this.#options.onSupervisor(false);
  }

  async #received(socket: Socket, line: string): Promise<void> {
    const message = parse(line);
    if (message === undefined) {
      console.error(`control socket: not a message: ${line.slice(0, 200)}`);
      socket.destroy();
      return;
    }
    try {
      const answer = await this.#options.receive(message);
      if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
    } catch (error) {
      // The supervisor learns it from its connection's end and comes back; what serves goes on serving.
      console.error(`${message.kind} failed: ${error instanceof Error ? error.stack : String(error)}`);
      socket.destroy();
    }
  }
}

const noRecords: RecordBatch = { format: recordFormat, since: 0, names: [], count: 0, lines: '' };

const parse = (line: string): ToProxy | undefined => {
  try {
    const message = JSON.parse(line) as Partial<ToProxy>;
    return typeof message.kind === 'string' && typeof message.call === 'number' ? (message as ToProxy) : undefined;
  } catch {
    return undefined;
  }
};

/** Somebody accepts connections at this path. */
export const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

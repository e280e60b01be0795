import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { LineSplitter } from '../../lib/index.ts';
import { KeptRecords, recordFormat } from '../../protocol/index.ts';
import type { FromProxy, RecordBatch, ToProxy } from '../../protocol/index.ts';
import { listenPrivately } from './listen-privately.ts';

type RecordsMessage = Extract<FromProxy, { kind: 'records' }>;

export interface ControlSocketOptions {
  readonly path: string;
  /** A supervisor came; what is returned is said to it first. */
  readonly greet: () => FromProxy;
  readonly receive: (message: ToProxy) => Promise<FromProxy>;
}

/** A supervisor that does not read gets no further records; they are counted as dropped. */
const mostWaiting = 4 * 1024 * 1024;

/** Where the supervisor speaks to us. One at a time: a newer one takes the place of an older. */
export class ControlSocket {
  readonly #options: ControlSocketOptions;
  readonly #server: Server;
  readonly #kept = new KeptRecords();
  #supervisor: Socket | undefined;
  #dropped = 0;

  constructor(options: ControlSocketOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  open(): Promise<void> {
    return listenPrivately(this.#server, this.#options.path);
  }

  /** Says something unasked; lost when nobody listens, but for records: these are kept for whoever comes next. */
  say(message: FromProxy): void {
    if (message.kind === 'records') this.#sayRecords(message);
    else this.#supervisor?.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#server.close();
    this.#supervisor?.destroySoon();
  }

  #sayRecords(message: RecordsMessage): void {
    const supervisor = this.#supervisor;
    if (supervisor === undefined) this.#kept.add(message);
    else if (supervisor.writableLength > mostWaiting) this.#dropped += message.batch.count + message.dropped;
    else {
      this.#hand(supervisor, { ...message, dropped: message.dropped + this.#dropped });
      this.#dropped = 0;
    }
  }

  /** What never left us because the supervisor was gone first waits for the next one. */
  #hand(supervisor: Socket, message: RecordsMessage): void {
    const text = `${JSON.stringify({ ...message, sentAt: Date.now() })}\n`;
    supervisor.write(text, (error) => (error == null ? undefined : this.#kept.add(message)));
  }

  #connected(socket: Socket): void {
    this.say({ kind: 'replaced' });
    this.#supervisor?.end();
    this.#kept.drop(this.#dropped);
    this.#dropped = 0;
    this.#supervisor = socket;
    const lines = new LineSplitter((line) => void this.#received(socket, line));
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => this.#tellDropped(socket));
    socket.on('close', () => this.#left(socket));
    this.say(this.#options.greet());
    for (const message of this.#kept.all) this.#hand(socket, message);
    this.#kept.clear();
  }

  /** It reads again. Without more traffic there would be no further records for the count to go with. */
  #tellDropped(socket: Socket): void {
    if (this.#supervisor === socket && this.#dropped > 0) this.say({ kind: 'records', batch: noRecords, dropped: 0 });
  }

  #left(socket: Socket): void {
    if (this.#supervisor !== socket) return;
    this.#supervisor = undefined;
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

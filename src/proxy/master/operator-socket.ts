import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { LineSplitter } from '../../lib/index.ts';
import type { OperatorAnswer, OperatorCall } from '../../protocol/index.ts';
import { listenPrivately } from './listen-privately.ts';
import type { Succession } from './workers.ts';

/** A caller asks one short thing; whoever sends more is not one. */
const longestCall = 1_000;

export interface OperatorSocketOptions {
  readonly path: string;
  readonly upgrade: (withinMs: number) => Promise<Succession>;
}

/** Where a running proxy is looked after, beside the connection of its supervisor. */
export class OperatorSocket {
  readonly #options: OperatorSocketOptions;
  readonly #server: Server;
  readonly #callers = new Set<Socket>();

  constructor(options: OperatorSocketOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  open(): Promise<void> {
    return listenPrivately(this.#server, this.#options.path);
  }

  close(): void {
    this.#server.close();
    for (const caller of this.#callers) caller.destroySoon();
  }

  #connected(socket: Socket): void {
    this.#callers.add(socket);
    const lines = new LineSplitter((line) => void this.#called(socket, line), longestCall);
    socket.on('data', (chunk: Buffer) => lines.push(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#callers.delete(socket));
  }

  async #called(socket: Socket, line: string): Promise<void> {
    const answer = (message: OperatorAnswer): void => {
      if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
    };
    try {
      const { serving, leaving, done } = await this.#options.upgrade(readCall(line).withinMs);
      answer({ kind: 'serving', serving, leaving });
      answer({ kind: 'done', lingering: await done });
    } catch (error) {
      answer({ kind: 'failed', reason: (error as Error).message });
    }
    socket.end();
  }
}

const readCall = (line: string): OperatorCall => {
  const call = JSON.parse(line) as Partial<OperatorCall>;
  if (call.kind !== 'upgrade' || !Number.isSafeInteger(call.withinMs) || Number(call.withinMs) < 0) {
    throw new Error('this proxy does not know that call');
  }
  return call as OperatorCall;
};

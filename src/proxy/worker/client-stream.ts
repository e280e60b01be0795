import type { Socket } from 'node:net';
import { steadyNow } from './clock.ts';
import { Output } from './output.ts';
import type { Patience } from './patience.ts';
import { readingIntoShared } from './read-buffer.ts';
import { SendProgress } from './send-progress.ts';
import type { Reader } from './turn-end.ts';

/** Milliseconds for the end of a connection, which no listener has a say in. */
const ending = { lingering: 2_000, halfClosed: 1_000 };

/** The socket of one client: when it is read, how long it may take, and how it ends without a reset of what it was sent. */
export abstract class ClientStream implements Reader {
  hasUnread = false;
  readonly output: Output;
  protected readonly socket: Socket;
  protected readonly patience: Patience;
  protected phase: 'open' | 'lingering' | 'closed' = 'open';
  protected deadline: number;
  protected clientEnded = false;
  protected isPaused: boolean;
  readonly #progress: SendProgress;

  constructor(accepted: Socket, patience: Patience) {
    this.socket = readingIntoShared(accepted, this);
    this.output = new Output(this.socket);
    this.patience = patience;
    this.deadline = steadyNow() + patience.idle;
    this.isPaused = this.socket.isPaused();
    this.#progress = new SendProgress(this.socket, this.output);
  }

  abstract read(buffer: Buffer, start: number, end: number): void;

  pause(): void {
    this.isPaused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.socket.resume();
  }

  end(): void {
    this.output.end();
  }

  /** Says that nothing more comes, and reads on for a while: closing with unread octets would reset what was just sent. */
  protected linger(): void {
    if (this.phase !== 'open') return;
    this.phase = 'lingering';
    this.deadline = steadyNow() + ending.lingering;
    if (this.clientEnded) this.output.end(() => this.socket.destroy());
    else this.output.end();
    this.resume();
  }

  /** Something has waited for it for too long. */
  protected isStalled(now: number): boolean {
    return this.#progress.isStalled(now, this.patience.stalled);
  }

  /**
   * A client that said its last word may still want the answer, or be gone: both look the same until something is
   * sent. It keeps its request for as long as something goes out every now and then.
   */
  protected whenHalfClosedAndSilent(gone: () => void): void {
    this.#progress.whenSilent(ending.halfClosed, () => {
      if (this.phase === 'open') gone();
    });
  }
}

import type { Socket } from 'node:net';
import type { Output } from './output.ts';

/** Whether a client still takes what is sent to it. */
export class SendProgress {
  readonly #socket: Socket;
  readonly #output: Output;
  /** -1: not looked at yet. */
  #sent = -1;
  #since = 0;

  constructor(socket: Socket, output: Output) {
    this.#socket = socket;
    this.#output = output;
  }

  /** Something has been waiting for it for longer than that, and nothing of it went out. */
  isStalled(now: number, mostMs: number): boolean {
    const waiting = this.#output.waitingBytes;
    const sent = this.#socket.bytesWritten - waiting;
    if (waiting > 0 && sent === this.#sent) return now - this.#since > mostMs;
    this.#sent = sent;
    this.#since = now;
    return false;
  }

  /** Calls back once nothing was sent for a whole interval. */
  whenSilent(intervalMs: number, silent: () => void): void {
    const before = this.#socket.bytesWritten;
    const timer = setTimeout(() => {
      if (this.#socket.destroyed) return;
      if (this.#socket.bytesWritten > before) this.whenSilent(intervalMs, silent);
      else silent();
    }, intervalMs);
    timer.unref();
  }
}

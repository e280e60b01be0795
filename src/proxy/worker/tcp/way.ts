import type { Socket } from 'node:net';
import { Output } from '../output.ts';
import { takeReads } from '../turn-end.ts';
import type { Reader } from '../turn-end.ts';

/** One way through a connection: what one side says goes to the other, no faster than that takes it, and so does its end. */
export class Way implements Reader {
  hasUnread = false;
  #from: Socket | undefined;
  #output: Output | undefined;

  /** Nothing is read before. */
  open(from: Socket, to: Socket): void {
    const output = new Output(to);
    this.#from = from;
    this.#output = output;
    to.on('drain', () => from.resume());
    from.on('end', () => {
      this.finish();
      output.end();
    });
    from.resume();
  }

  read(buffer: Buffer, start: number, end: number): void {
    this.#output?.content(buffer, start, end);
    if (this.#output?.flush() === false) this.#from?.pause();
  }

  /** What has come goes on before anything is said of an end. */
  finish(): void {
    if (this.hasUnread) takeReads();
    this.#output?.write();
  }
}

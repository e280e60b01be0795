import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { RequestRecord } from '../../../model/index.ts';

/** Lines that wait for a disk, or a reader, that does not keep up; what comes beyond is counted, and said once there is room. */
const mostWaiting = 16 * 1024 * 1024;
/** Characters that are made octets at once. */
const pieceLength = 32_768;
/** A reader that has stopped reading does not keep the proxy from ending. */
const closeMs = 2_000;

/** Outside of the heap: what waits there for a tenth of a second leaves tens of megabytes of it behind. */
interface Piece {
  readonly octets: Buffer;
  readonly count: number;
}

/** One line of JSON per request, written in batches behind the traffic. `-` is standard output. */
export class AccessLog {
  readonly path: string;
  #file: FileHandle | undefined;
  readonly #waiting: Piece[] = [];
  /** What is being written counts until it is. */
  #waitingBytes = 0;
  #text = '';
  #count = 0;
  #dropped = 0;
  #isFailing = false;
  /** Everything that touches the file, one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Throws the system's error. */
  async open(): Promise<void> {
    if (this.path !== '-') this.#file = await open(this.path, 'a', 0o640);
  }

  add({ at, ...rest }: RequestRecord): void {
    this.#text += `${JSON.stringify({ at: new Date(at).toISOString(), ...rest })}\n`;
    this.#count += 1;
    if (this.#text.length >= pieceLength) this.#put();
  }

  /** That was all for now; so many never got here. */
  flush(dropped: number): void {
    this.#dropped += dropped;
    // What waits behind the line that is being written says it too.
    if (this.#count > 0 || (dropped > 0 && this.#waiting.length < 2)) this.#put();
  }

  /** The file was moved away: goes on in a new one of the same name. */
  reopen(): void {
    this.#last = this.#last.then(async () => {
      const before = this.#file;
      try {
        await this.open();
        await before?.close();
      } catch (error) {
        this.#complain(error); // goes on in the one that was moved
      }
    });
  }

  async close(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, closeMs);
    const closed = this.#last.then(() => this.#file?.close()).catch((error: unknown) => this.#complain(error));
    await Promise.race([closed, late]);
    clearTimeout(timer);
  }

  #put(): void {
    const [text, count] = [this.#text, this.#count];
    this.#text = '';
    this.#count = 0;
    if (this.#waitingBytes + text.length > mostWaiting) {
      this.#dropped += count;
      return;
    }
    const octets = Buffer.from(text);
    this.#waiting.push({ octets, count });
    if (this.#waiting.length === 1) this.#last = this.#last.then(() => this.#write());
    this.#waitingBytes += octets.length;
  }

  async #write(): Promise<void> {
    for (let piece = this.#waiting[0]; piece !== undefined; piece = this.#waiting[0]) {
      await this.#append(piece.octets, piece.count);
      this.#waiting.shift();
      this.#waitingBytes -= piece.octets.length;
      const dropped = this.#dropped;
      this.#dropped = 0;
      if (dropped > 0) await this.#append(`${JSON.stringify({ dropped })}\n`, dropped);
    }
  }

  /** Stands for so many requests, which nobody learns of when it fails. */
  async #append(lines: Buffer | string, count: number): Promise<void> {
    try {
      if (this.path === '-') await printed(lines);
      else await this.#file?.appendFile(lines);
      this.#isFailing = false;
    } catch (error) {
      this.#dropped += count;
      this.#complain(error);
    }
  }

  /** Once until it works again: a full disk refuses ten times a second. */
  #complain(error: unknown): void {
    if (!this.#isFailing) console.error(`access log ${this.path}: ${(error as Error).message}`);
    this.#isFailing = true;
  }
}

/** Once standard output has taken it. */
const printed = (lines: Buffer | string): Promise<void> =>
  new Promise((resolve, reject) => {
    // Without a listener, one whose reader is gone would end the process.
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined);
    process.stdout.write(lines, (error) => (error == null ? resolve() : reject(error)));
  });

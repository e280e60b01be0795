import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { RequestRecord } from '../../../model/index.ts';

/** Lines that wait for a disk which does not keep up; what comes beyond is counted, and said once there is room. */
const mostWaiting = 16 * 1024 * 1024;

/** One line of JSON per request, written in batches behind the traffic. `-` is standard output. */
export class AccessLog {
  readonly path: string;
  #file: FileHandle | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  /** Everything that touches the file, one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Throws the system's error. */
  async open(): Promise<void> {
    if (this.path !== '-') this.#file = await open(this.path, 'a', 0o640);
  }

  take(records: readonly RequestRecord[], dropped: number): void {
    this.#dropped += dropped;
    const text = records.map(lineOf).join('');
    if (this.#waitingBytes + text.length > mostWaiting) {
      this.#dropped += records.length;
      return;
    }
    if (this.#waiting.length === 0) this.#last = this.#last.then(() => this.#write());
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
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
    await this.#last;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #write(): Promise<void> {
    const dropped = this.#dropped === 0 ? '' : `${JSON.stringify({ dropped: this.#dropped })}\n`;
    const text = this.#waiting.splice(0).join('') + dropped;
    this.#waitingBytes = 0;
    this.#dropped = 0;
    try {
      if (this.path === '-') process.stdout.write(text);
      else await this.#file?.appendFile(text);
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    console.error(`access log ${this.path}: ${(error as Error).message}`);
  }
}

const lineOf = ({ at, ...rest }: RequestRecord): string =>
  `${JSON.stringify({ at: new Date(at).toISOString(), ...rest })}\n`;

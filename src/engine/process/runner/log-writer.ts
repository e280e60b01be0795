import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { LineSplitter } from '../../../lib/index.ts';
import { counted } from '../../../model/index.ts';
import type { LogLine } from '../../port.ts';
import { formatLogLine, logFileName, logLimits } from '../log-file.ts';

/**
 * Writes what a replica says, line by line with its time, and keeps only the newest files. Writing is synchronous on
 * purpose: a flooding replica is slowed down by it (its pipe fills) and can't grow this process.
 */
export class LogWriter {
  readonly #folder: string;
  #number = 0;
  #file: number;
  #written = 0;
  #lost = 0;
  #pending: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    this.#file = openSync(join(folder, logFileName(0)), 'a', 0o600);
  }

  /** Resolves when the stream has ended and its last line is written. */
  follow(source: Readable, stream: LogLine['stream']): Promise<void> {
    const splitter = new LineSplitter((text) => {
      this.#pending.push(formatLogLine({ at: Date.now(), stream, text }));
    }, logLimits.lineCharacters);
    return new Promise((resolve) => {
      source.on('data', (chunk: Buffer) => {
        splitter.push(chunk);
        this.#flush();
      });
      source.once('error', () => source.destroy());
      source.once('close', () => {
        splitter.end();
        this.#flush();
        resolve();
      });
    });
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    const lines = this.#pending;
    this.#pending = [];
    try {
      if (this.#lost > 0) lines.unshift(lostLine(this.#lost));
      this.#written += writeSync(this.#file, lines.join(''));
      this.#lost = 0;
      if (this.#written >= logLimits.fileBytes) this.#rotate();
    } catch {
      // A full disk must not stop the replicas; the log says so once there is room again.
      this.#lost += lines.length;
    }
  }

  #rotate(): void {
    closeSync(this.#file);
    this.#number += 1;
    this.#file = openSync(join(this.#folder, logFileName(this.#number)), 'a', 0o600);
    this.#written = 0;
    rmSync(join(this.#folder, logFileName(this.#number - logLimits.files)), { force: true });
  }
}

const lostLine = (count: number): string =>
  formatLogLine({
    at: Date.now(),
    stream: 'stderr',
    text: `pointsman: ${counted(count, 'line')} could not be written to the log`,
  });

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

/** How a verb ended and what it printed. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly all: string;
}

const program = resolve('src/bin/pointsman.ts');
/** Dozens of short runs of the same program: Node may keep what it compiled. */
const environment = { CI: 'true', NO_COLOR: '1', NODE_COMPILE_CACHE: join(tmpdir(), 'pointsman-compiled') };

export const execute = async (args: readonly string[], more: Record<string, string> = {}): Promise<Outcome> => {
  const result = await execa(process.execPath, [program, ...args], {
    env: { ...environment, ...more },
    reject: false,
    all: true,
    stdin: 'ignore',
    timeout: 580_000,
  });
  return { exitCode: result.exitCode, stdout: result.stdout, all: result.all };
};

export const printing = (args: readonly string[], more: Record<string, string> = {}): ChildProcess =>
  printingOf(process.execPath, [program, ...args], { ...environment, ...more });

/** Any program whose output is read as it comes. */
export const printingOf = (command: string, args: readonly string[], more: Record<string, string> = {}): ChildProcess =>
  spawn(command, args, { env: { ...process.env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });

/** What a running verb prints, as it comes. */
export class Lines {
  readonly seen: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#note(line));
    }
    child.once('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** The first line that fits, past or to come. */
  async find(fits: (line: string) => boolean, patienceMs = 60_000): Promise<string> {
    const tooLate = AbortSignal.timeout(patienceMs);
    for (;;) {
      const found = this.seen.find(fits);
      if (found !== undefined) return found;
      if (this.#ended || tooLate.aborted) throw new Error(`no such line came:\n${this.seen.join('\n')}`);
      await this.#next(tooLate);
    }
  }

  /** Ends the verb with a signal, as Ctrl-C does; returns its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    await closed;
    return this.#child.exitCode;
  }

  /** Waits for the verb's own end; returns its exit code. */
  async end(): Promise<number | null> {
    if (!this.#ended) await once(this.#child, 'close');
    return this.#child.exitCode;
  }

  #note(line: string): void {
    this.seen.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const wake of Array.from(this.#waiting)) wake();
  }

  #next(tooLate: AbortSignal): Promise<void> {
    return new Promise((resolved) => {
      const done = (): void => {
        this.#waiting.delete(done);
        tooLate.removeEventListener('abort', done);
        resolved();
      };
      this.#waiting.add(done);
      tooLate.addEventListener('abort', done, { once: true });
    });
  }
}

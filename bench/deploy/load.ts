import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface LoadResult {
  readonly sent: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly longestOutageMs: number;
}

/** A running load. `switched` resolves with the time at which the new release first answered. */
export interface Load {
  readonly switched: Promise<number>;
  stop(): Promise<LoadResult>;
}

export interface LoadOrder {
  readonly url: string;
  readonly host: string;
  readonly rate: number;
  readonly release: string;
}

/** Starts the load on this machine and waits for its first good answer. */
export const startLoad = (order: LoadOrder): Promise<Load> =>
  followLoad(spawnTalking(process.execPath, [new URL('load.mjs', import.meta.url).pathname, ...argumentsOf(order)]));

export const argumentsOf = (order: LoadOrder): string[] => [order.url, order.host, String(order.rate), order.release];

/** A process whose output is read here and whose complaints go to the terminal. */
export const spawnTalking = (command: string, args: readonly string[]): ChildProcessByStdio<null, Readable, null> =>
  spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });

/** Reads the messages of a load that runs in whatever process. */
export const followLoad = async (child: ChildProcessByStdio<null, Readable, null>): Promise<Load> => {
  const lines = createInterface({ input: child.stdout });
  const first = Promise.withResolvers<void>();
  const switched = Promise.withResolvers<number>();
  const result = Promise.withResolvers<LoadResult>();
  lines.on('line', (line) => {
    const message = JSON.parse(line);
    if (message.answers === true) first.resolve();
    else if (message.switchedAt !== undefined) switched.resolve(message.switchedAt);
    else result.resolve(message);
  });
  void once(lines, 'close').then(() => {
    const error = new Error('the load ended before its time');
    first.reject(error);
    switched.reject(error);
    result.reject(error);
  });
  await Promise.race([first.promise, timeout(60_000, 'no good answer within 60 s')]);
  const switchedInTime = Promise.race([
    switched.promise,
    timeout(120_000, 'the new version did not answer within 120 s'),
  ]);
  switchedInTime.catch(() => undefined); // not everybody waits for it
  return {
    switched: switchedInTime,
    stop: () => {
      child.kill('SIGTERM');
      return result.promise;
    },
  };
};

const timeout = (ms: number, message: string): Promise<never> =>
  new Promise((_, reject) => {
    setTimeout(() => reject(new Error(message)), ms).unref();
  });

import type { Engine } from '../engine/index.ts';
import type { Clock } from '../lib/index.ts';
import { withDeadline } from '../lib/index.ts';
import type { Exit, Instant, ReplicaId } from '../model/index.ts';
import { errorReport } from '../model/index.ts';
import type { Crash } from '../plan/index.ts';

const keptLines = 40;
/** Words are worth a wait, but what follows from the end is worth more. */
const longestReadMs = 10_000;

export const crashOf = (attempt: number, exit: Exit, output: readonly string[]): Crash => ({
  attempt,
  at: exit.at,
  how: 'exited',
  exitCode: exit.code,
  words: exitWords(exit),
  output,
});

export const failedStart = (attempt: number, at: Instant, error: unknown): Crash => {
  const { message, fix, output } = errorReport(error);
  return {
    attempt,
    at,
    how: 'not-started',
    exitCode: null,
    words: `could not be started: ${message}`,
    ...(fix !== undefined && { fix }),
    output: output ?? [],
  };
};

export const exitWords = (exit: Exit): string => {
  if (exit.outOfMemory) return 'was killed: out of memory';
  if (exit.signal !== null) return `was killed by ${exit.signal}`;
  return exit.code === null ? 'ended' : `exited with code ${exit.code}`;
};

/** What a replica said last. An engine that can't tell must not hide the end itself. */
export const lastLines = async (
  { engine, clock }: { readonly engine: Engine; readonly clock: Clock },
  replica: ReplicaId,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const lines: string[] = [];
  try {
    await withDeadline(clock, longestReadMs, signal, async (bounded) => {
      for await (const line of engine.logs(replica, { follow: false, tail: keptLines }, bounded)) lines.push(line.text);
    });
  } catch (error) {
    if (signal.aborted) throw error;
    lines.push(`(its output cannot be read: ${errorReport(error).message})`);
  }
  return lines.slice(-keptLines);
};

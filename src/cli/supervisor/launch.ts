import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environmentFor, LineSplitter } from '../../lib/index.ts';
import { errorFromReport, PointsmanError } from '../../model/index.ts';
import type { ErrorReport } from '../../model/index.ts';
import type { Programs } from '../environment.ts';
import type { Settings } from '../settings.ts';

const readyWithinMs = 60_000;
const shownLogLines = 15;
/**
 * Small rather than fast, for a process that mostly waits: a small young generation, no threads (with arenas of their
 * own) for collecting and compiling, and no optimizing compilers: code that they would speed up hardly runs here, and
 * they alone are 8 MB of the Node binary. The Dockerfile says the same.
 */
export const smallProcess = {
  flags: ['--max-semi-space-size=1', '--v8-pool-size=0', '--optimize-for-size', '--no-opt', '--no-maglev'],
  // glibc's; elsewhere it means nothing.
  variables: { MALLOC_ARENA_MAX: '1' },
} as const;

export interface LaunchOptions {
  readonly programs: Programs;
  readonly settings: Settings;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Rolls out what changed while none ran, as soon as it starts. */
  readonly catchUp: boolean;
}

/**
 * Starts a supervisor that outlives this process, and waits for the one line it says. Throws what the supervisor
 * itself found wrong; an abort meanwhile kills it.
 */
export const launchSupervisor = async (options: LaunchOptions): Promise<ChildProcess> => {
  const { programs, settings, signal } = options;
  const logPath = join(settings.stateDir, 'supervisor.log');
  const variables = await environmentFor({
    program: programs.supervisor,
    flags: smallProcess.flags,
    cacheFolder: join(settings.stateDir, 'compile-cache'),
    variables: { ...smallProcess.variables, ...options.variables },
    signal,
  });
  signal.throwIfAborted();
  const log = await openLog(settings.stateDir, logPath);
  const child = spawn(programs.node, [...smallProcess.flags, programs.supervisor, ...supervisorFlags(options)], {
    detached: true,
    stdio: ['ignore', 'pipe', log.fd],
    env: variables,
  });
  try {
    await waitUntilReady(child, logPath, signal);
  } catch (error) {
    await kill(child);
    throw error;
  } finally {
    await log.close();
    child.stdout?.destroy();
    child.unref();
  }
  return child;
};

const supervisorFlags = ({ settings, catchUp }: LaunchOptions): readonly string[] => {
  const { manifests, stateDir, environment, engine, http, https, metrics, accessLog } = settings;
  return [
    '--manifests',
    manifests,
    '--state-dir',
    stateDir,
    ...(catchUp ? [] : ['--no-catch-up']),
    ...(environment === undefined ? [] : ['--environment', environment]),
    ...(engine === undefined ? [] : ['--engine', engine]),
    ...(http === undefined ? [] : ['--http', http]),
    ...(https === undefined ? [] : ['--https', https]),
    ...(metrics === undefined ? [] : ['--metrics', metrics]),
    ...(accessLog === undefined ? [] : ['--access-log', accessLog]),
  ];
};

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
};

const openLog = async (stateDir: string, path: string): ReturnType<typeof open> => {
  try {
    await mkdir(stateDir, { recursive: true });
    return await open(path, 'a', 0o600);
  } catch (error) {
    throw new PointsmanError('STATE_WRITE_FAILED', {
      message: `The state folder ${stateDir} can't be written to: ${(error as Error).message}.`,
      fix: 'Make room, give yourself the rights, or choose another folder with --state-dir.',
      cause: error,
    });
  }
};

type FirstWord = { readonly ready: true; readonly pid: number } | { readonly error: ErrorReport };

const waitUntilReady = async (child: ChildProcess, logPath: string, signal: AbortSignal): Promise<void> => {
  const tooLate = AbortSignal.timeout(readyWithinMs);
  const line = await firstLine(child, AbortSignal.any([signal, tooLate])).catch((error: unknown) => {
    if (!tooLate.aborted) throw error;
  });
  if (line === undefined) throw await silentEnd(logPath, tooLate.aborted);
  const word = JSON.parse(line) as FirstWord;
  if ('error' in word) throw errorFromReport(word.error);
};

/** undefined: it ended without one. */
const firstLine = (child: ChildProcess, signal: AbortSignal): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const splitter = new LineSplitter(resolve);
    child.stdout?.on('data', (chunk: Buffer) => splitter.push(chunk));
    child.once('error', reject);
    child.once('close', () => resolve(undefined));
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

const silentEnd = async (logPath: string, late: boolean): Promise<PointsmanError> => {
  const log = await readFile(logPath, 'utf8').catch(() => '');
  return new PointsmanError('SUPERVISOR_UNREACHABLE', {
    message: late
      ? `The supervisor was not ready within ${readyWithinMs / 1000} s.`
      : 'The supervisor ended before it was ready.',
    fix: `Its log is ${logPath}.`,
    output: log.trimEnd().split('\n').slice(-shownLogLines),
  });
};

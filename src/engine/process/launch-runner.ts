import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { PointsmanError } from '../../model/index.ts';
import type { ScopeFolder } from './scope-folder.ts';

/** Starts a runner that outlives this process. Returns when it (or another that was quicker) can be connected to. */
export const launchRunner = async (folder: ScopeFolder, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  const runner = execa(process.execPath, [...nodeOptions, programPath, folder.root], {
    // Its own session, and after its first word no pipe to us: it must not notice our death.
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    cwd: '/',
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  runner.nodeChildProcess.unref();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(launchLimitMs)]);
  try {
    if ((await firstWord(runner.stdout, limit)) !== undefined) return;
    signal.throwIfAborted();
    throw launchError(folder, (await firstWord(runner.stderr, limit)) ?? 'it ended at once');
  } finally {
    runner.stdout.destroy();
    runner.stderr.destroy();
  }
};

/** Compiled, this file and the runner are `.js`. */
const programPath = fileURLToPath(new URL(`./runner${extname(import.meta.url)}`, import.meta.url));

/** Small: it holds no data, and one is there per environment. */
const nodeOptions = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=1'];

const launchLimitMs = 30_000;

const firstWord = async (output: Readable, signal: AbortSignal): Promise<string | undefined> => {
  const stop = () => output.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of output) return String(chunk);
    return undefined;
  } catch {
    // Cut off by the abort or the limit: it said nothing in time.
    return undefined;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

const launchError = (folder: ScopeFolder, words: string): PointsmanError =>
  new PointsmanError('ENGINE_UNREACHABLE', {
    message: 'The process runner did not start.',
    fix: `See whether ${folder.root} can be written, and runner.log there.`,
    output: words.trim().split('\n'),
  });

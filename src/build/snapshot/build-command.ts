import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LineSplitter } from '../../lib/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { BuildProgress } from '../port.ts';

export interface BuildCommand {
  readonly label: string;
  readonly command: string;
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
}

const shownLines = 30;

/** Runs it by `sh -c` in a process group of its own, which ends with it, with us, or at the abort. Throws BUILD_FAILED. */
export const runBuildCommand = async (
  build: BuildCommand,
  onProgress: (progress: BuildProgress) => void,
  signal: AbortSignal,
): Promise<void> => {
  signal.throwIfAborted();
  const child = await started(build);
  const tail: string[] = [];
  const listen = (line: string): void => {
    onProgress({ kind: 'line', text: line });
    tail.push(line);
    if (tail.length > shownLines) tail.shift();
  };
  const endGroup = (): void => killGroup(child);
  signal.addEventListener('abort', endGroup, { once: true });
  if (signal.aborted) endGroup();
  // What it left in the background would go on writing into the snapshot.
  child.once('exit', endGroup);
  splitInto(child, listen);
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null];
    signal.throwIfAborted();
    if (code !== 0)
      throw commandFailed(build, code === null ? `was ended by ${killedBy}` : `exited with ${code}`, tail);
  } finally {
    signal.removeEventListener('abort', endGroup);
  }
};

/**
 * Our end of its input closes with us, however we end. A command that outlived us would go on writing where the next
 * supervisor builds anew.
 */
const untilWeEnd = `
exec 3<&0 </dev/null
/bin/sh -c "$1" 3<&- &
command=$!
{ read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 &
wait "$command"`;

/** What the system refuses on the spot is thrown by Node, what it refuses later comes as an event. */
const started = async (build: BuildCommand): Promise<ChildProcess> => {
  try {
    const child = spawn('/bin/sh', ['-c', untilWeEnd, 'build', build.command], {
      cwd: build.folder,
      env: { ...inherited(), ...build.variables },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    await once(child, 'spawn');
    return child;
  } catch (error) {
    throw commandFailed(build, `can't be started (${(error as Error).message})`, []);
  }
};

/** What npm tells the programs it starts (we may be one) would change what an inner npm does. */
const inherited = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

const splitInto = (child: ChildProcess, listen: (line: string) => void): void => {
  for (const stream of [child.stdout, child.stderr]) {
    const splitter = new LineSplitter(listen, 4000);
    stream?.on('data', (chunk: Buffer) => splitter.push(chunk));
    stream?.on('end', () => splitter.end());
  }
};

const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!isGone) throw error;
  }
};

const commandFailed = (build: BuildCommand, how: string, output: readonly string[]): PointsmanError =>
  new PointsmanError('BUILD_FAILED', {
    message: `the build command of ${build.label} ${how}: ${build.command}`,
    fix: 'correct build.buildCommand or what it runs; nothing that runs was changed',
    output,
  });

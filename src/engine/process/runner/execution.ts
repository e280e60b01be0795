import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Exit } from '../../../model/index.ts';
import { PointsmanError } from '../../../model/index.ts';
import { exitOfSignal } from '../../exit.ts';
import { markerVariable, processStart } from '../process-table.ts';
import type { ReplicaRecord, StartOrder } from '../record.ts';
import { writeRecord } from '../record.ts';
import { endProcesses } from './end-processes.ts';
import { LogWriter } from './log-writer.ts';

/** After the leader and its whole group have ended, pipes that are still open belong to something out of reach. */
const pipeGraceMs = 1_000;

export interface Execution {
  readonly record: ReplicaRecord;
  /** Settles once every process has ended and the log is written; never rejects. */
  readonly exited: Promise<Exit>;
}

export interface Task {
  readonly order: StartOrder;
  readonly port: number;
  readonly folder: string;
}

/** Starts the process of a replica as leader of a session and group of its own. */
export const execute = async (task: Task, complain: (error: unknown) => void): Promise<Execution> => {
  const { folder, order, port } = task;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const log = new LogWriter(folder);
  try {
    const child = await spawned(task);
    const startedAt = Date.now();
    const exited = exitOf(child);
    const logged = Promise.all([log.follow(child.stdout, 'stdout'), log.follow(child.stderr, 'stderr')]);
    const leader = { pid: child.pid, processStart: (await processStart(child.pid)) ?? '' };
    const record: ReplicaRecord = { ...order, ...leader, port, startedAt, exit: null };
    await writeRecord(folder, record).catch(async (error: unknown) => {
      await endProcesses(folder, leader);
      throw error;
    });
    const finish = async (): Promise<Exit> => {
      const exit = await exited;
      // What a container's PID 1 leaves behind ends with it; so here.
      await endProcesses(folder, leader).catch(complain);
      const grace = setTimeout(() => [child.stdout, child.stderr].forEach((pipe) => pipe.destroy()), pipeGraceMs);
      await logged;
      clearTimeout(grace);
      log.close();
      return exit;
    };
    return { record, exited: finish() };
  } catch (error) {
    log.close();
    throw startError(order, error);
  }
};

type Running = ChildProcessByStdio<null, Readable, Readable> & { readonly pid: number };

const spawned = async ({ order, port, folder }: Task): Promise<Running> => {
  const [file = '', ...args] = order.argv;
  const child = spawn(file, args, {
    cwd: order.workingFolder,
    env: { ...order.environment, PORT: String(port), [markerVariable]: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const isRunning = (some: typeof child): some is Running => some.pid !== undefined;
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  if (isRunning(child)) return child;
  throw new Error('the system gave it no process number');
};

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const at = Date.now();
      resolve(signal === null ? { code, signal: null, outOfMemory: false, at } : exitOfSignal(signal, at));
    });
  });

const startError = ({ identity, argv }: StartOrder, error: unknown): PointsmanError => {
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' || !reason.startsWith('spawn')) {
    return new PointsmanError('REPLICA_START_FAILED', {
      message: `${identity.id} can't start: ${reason}`,
      output: [reason],
    });
  }
  return new PointsmanError('REPLICA_START_FAILED', {
    message: `${identity.id} can't start: the executable \`${argv[0]}\` could not be found.`,
    fix: 'Start commands run without a shell unless they are in shell form: name a program on the PATH or in the source, or wrap the line in `/bin/sh -c "…"`.',
    output: [reason],
  });
};

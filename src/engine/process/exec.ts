import { execa } from 'execa';
import type { ReplicaId } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import { OutputTail } from '../output-tail.ts';
import type { ExecResult } from '../port.ts';
import { markerVariable } from './process-table.ts';
import type { RunnerLink } from './runner-link.ts';

/** In the replica's folder with its variables; ended with the replica or at the abort. */
export const execInReplica = async (
  link: RunnerLink,
  place: { readonly replica: ReplicaId; readonly folder: string },
  command: readonly string[],
  signal: AbortSignal,
): Promise<ExecResult> => {
  const record = (await link.request('list', null, signal)).find(({ identity }) => identity.id === place.replica);
  if (record === undefined || record.exit !== null) {
    throw new PointsmanError('EXEC_FAILED', {
      message: `${place.replica} does not run, so nothing can be run in it.`,
      fix: 'A command can only run in a replica that runs: see `pointsman status`.',
    });
  }
  const [file = '', ...args] = command;
  const tail = new OutputTail();
  const child = execa(file, args, {
    cwd: record.workingFolder,
    env: { ...record.environment, PORT: String(record.port), [markerVariable]: place.folder },
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    encoding: 'buffer',
    cancelSignal: signal,
    forceKillAfterDelay: 1_000,
  });
  child.all.on('data', (chunk: Buffer) => tail.push(chunk));
  const result = await child;
  if (signal.aborted) throw signal.reason;
  if (result.code === 'ENOENT') return { exitCode: 127, output: `${file}: not found\n` };
  if (child.pid === undefined) {
    throw new PointsmanError('EXEC_FAILED', {
      message: `${file} can't be started in ${place.replica}: ${result.originalMessage ?? 'the system gave no reason'}.`,
      fix: 'What runs goes on running. See that it is a program, and that the machine has memory, processes and files left.',
    });
  }
  // The shell's way to say which signal it was would need its number; what matters is that it is no success.
  return { exitCode: result.exitCode ?? 128, output: tail.text() };
};

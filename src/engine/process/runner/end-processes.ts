import { setTimeout as wait } from 'node:timers/promises';
import { processesOfReplica } from '../process-table.ts';

const limitMs = 5_000;
const pauseMs = 10;

/**
 * SIGKILL to every process of a replica until none is left. There is no event for the end of a process that is not our
 * child, so this looks again, at most for five seconds (a process in uninterruptible sleep can take that long).
 */
export const endProcesses = async (
  folder: string,
  leader: { readonly pid: number; readonly processStart: string } | undefined,
): Promise<void> => {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const left = await processesOfReplica(folder, leader);
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`process ${left.map(({ pid }) => pid).join(', ')} does not end`);
    for (const { pid } of left) sendSignal(pid, 'SIGKILL');
    await wait(pauseMs);
  }
};

/** A negative number is a process group. Whoever has ended already needs no signal. */
export const sendSignal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

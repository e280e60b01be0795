import type { Exit } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { LogLine } from '../port.ts';
import { replicaLogs } from './logs.ts';
import type { StartOrder } from './record.ts';
import { readRecord } from './record.ts';
import type { RunnerLink } from './runner-link.ts';
import type { ScopeFolder } from './scope-folder.ts';
import { replicaFolder } from './scope-folder.ts';

/** Longest wait for the removal of a run that was aborted. */
const removalLimitMs = 30_000;

/** As a replica that nobody sees: the runner keeps it, so it can't outlive a killed supervisor unnoticed. */
export const runProcessOnce = async (
  link: RunnerLink,
  folder: ScopeFolder,
  run: { readonly order: StartOrder; readonly timeoutSeconds: number; readonly onLine: (line: LogLine) => void },
  signal: AbortSignal,
): Promise<Exit> => {
  const { id } = run.order.identity;
  const timeout = AbortSignal.timeout(run.timeoutSeconds * 1000);
  const either = AbortSignal.any([signal, timeout]);
  try {
    await link.request('remove', id, either);
    await link.request('start', run.order, either);
    const own = replicaFolder(folder, id);
    for await (const line of replicaLogs(own, id, { follow: true, tail: undefined }, either)) run.onLine(line);
    either.throwIfAborted();
    const exit = (await readRecord(own))?.exit ?? undefined;
    if (exit !== undefined) return exit;
    throw new PointsmanError('EXEC_FAILED', { message: `${id} was removed by someone before it ended.` });
  } catch (error) {
    if (signal.aborted || !timeout.aborted) throw error;
    throw new PointsmanError('EXEC_FAILED', {
      message: `${id} did not end within ${run.timeoutSeconds} s and was killed.`,
      fix: 'Make the command faster, or give it more time.',
    });
  } finally {
    await link.request('remove', id, AbortSignal.timeout(removalLimitMs));
  }
};

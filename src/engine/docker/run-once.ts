import type { Exit } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { LogLine, ReplicaStart } from '../port.ts';
import { containerName } from './container-config.ts';
import type { DockerContext } from './context.ts';
import { containerLogs } from './logs.ts';
import { exitOfContainer, inspectContainer } from './observe.ts';
import { removeContainer } from './remove.ts';
import { createContainer, startContainer } from './start.ts';

/** Longest wait for the removal of a run that was aborted. */
const removalLimitMs = 30_000;

export const runContainerOnce = async (
  context: DockerContext,
  once: ReplicaStart & { readonly timeoutSeconds: number },
  onLine: (line: LogLine) => void,
  signal: AbortSignal,
): Promise<Exit> => {
  const name = containerName(once, 'once');
  const timeout = AbortSignal.timeout(once.timeoutSeconds * 1000);
  const either = AbortSignal.any([signal, timeout]);
  try {
    const leftOver = await createContainer(context, once, 'once', either);
    if (leftOver !== undefined) {
      await removeContainer(context, name, either);
      await createContainer(context, once, 'once', either);
    }
    await startContainer(context, name, either);
    const source = { container: name, replica: once.id };
    for await (const line of containerLogs(context.docker, source, { follow: true, tail: undefined }, either))
      onLine(line);
    const info = await inspectContainer(context.docker, name, either);
    if (info !== undefined) return exitOfContainer(info);
    throw new PointsmanError('EXEC_FAILED', { message: `${name} was removed by someone before it ended.` });
  } catch (error) {
    if (signal.aborted || !timeout.aborted) throw error;
    throw new PointsmanError('EXEC_FAILED', {
      message: `${name} did not end within ${once.timeoutSeconds} s and was killed.`,
      fix: 'Make the command faster, or give it more time.',
    });
  } finally {
    await removeContainer(context, name, AbortSignal.timeout(removalLimitMs));
  }
};

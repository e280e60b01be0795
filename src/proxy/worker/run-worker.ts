import type { FromWorker, ToWorker } from '../messages.ts';
import { Worker } from './worker.ts';

/** The forked process: speaks to its master over the channel it was born with, and ends with it. */
export const runWorker = (workers: number): void => {
  const worker = new Worker(
    {
      send: (message: FromWorker, sent: () => void = () => undefined) => {
        if (process.connected) process.send?.(message, undefined, undefined, sent);
      },
      finished: () => process.exit(0),
    },
    workers,
  );
  // Signals to the process group are the master's business: it lets its workers finish.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);
  // Without a master nobody could publish a table, and its successor needs the ports.
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: ToWorker, handle: unknown) => void worker.receive(message, handle));
};

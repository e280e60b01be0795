import { PointsmanError } from '../model/index.ts';
import { proxyFolder } from '../protocol/index.ts';
import type { ProxyCommand } from './command-line.ts';
import type { Master } from './master/master.ts';
import { messagesVersion } from './messages.ts';
import type { StandaloneEdges } from './standalone-table.ts';

/**
 * Runs until it is told to end. `program` is what workers are started with: this very program. Each loads only what it
 * is: master and worker are processes, and what one of them is for the other would only carry.
 */
export const runProxy = async (command: ProxyCommand, program: string): Promise<void> => {
  switch (command.kind) {
    case 'warm':
      await readAll();
      return;
    case 'worker':
      if (command.messagesVersion !== messagesVersion) throw foreignMaster(command.messagesVersion);
      await beWorker(command.workers);
      return;
    case 'upgrade':
      await upgrade(command);
      return;
    case 'serve': {
      const { mkdir } = await import('node:fs/promises');
      await mkdir(command.stateFolder, { recursive: true });
      const master = await masterOf(command.workers, program, command.stateFolder);
      await master.start();
      return;
    }
    case 'run':
      await runAlone(command, program);
  }
};

const readAll = async (): Promise<void> => {
  await Promise.all([
    import('./call-operator.ts'),
    import('./master/master.ts'),
    import('./master/name-server.ts'),
    import('./standalone-table.ts'),
    import('./worker/run-worker.ts'),
    import('./worker/tls/tls-door.ts'),
    import('../certificates/index.ts'),
  ]);
};

const foreignMaster = (version: number): Error =>
  new Error(
    `workers of this program speak version ${messagesVersion}, the proxy that started one ${version}: end it and start it anew`,
  );

const beWorker = async (workers: number): Promise<void> => {
  const { runWorker } = await import('./worker/run-worker.ts');
  runWorker(workers);
};

const upgrade = async ({ stateFolder, withinMs }: Extract<ProxyCommand, { kind: 'upgrade' }>): Promise<void> => {
  const { upgradeProxy } = await import('./call-operator.ts');
  console.log(left(await upgradeProxy(stateFolder, withinMs, (line) => console.log(line))));
};

const left = (connections: number): string =>
  connections === 0
    ? 'the workers of before have ended'
    : `of those of before ${connections} TCP connection${connections === 1 ? ' is' : 's are'} left, which may last: a day at most`;

const masterOf = async (workers: number, program: string, stateFolder: string | undefined): Promise<Master> => {
  const { Master } = await import('./master/master.ts');
  const folder = stateFolder === undefined ? undefined : proxyFolder(stateFolder);
  const master = new Master({ program, workers, folder, ended: () => process.exit(0) });
  // A second signal does not wait for anybody.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(130));
      void master.close();
    });
  }
  process.on('SIGUSR2', () => master.reopenLogs());
  process.on('SIGHUP', () => undefined); // outlives the terminal it was started from
  return master;
};

const fixes = { PORT_TAKEN: 'choose another address or port', TABLE_REJECTED: 'correct what it names' };

const runAlone = async (command: Extract<ProxyCommand, { kind: 'run' }>, program: string): Promise<void> => {
  const master = await masterOf(command.workers, program, undefined);
  await master.start();
  const { standaloneTable } = await import('./standalone-table.ts');
  const answer = await master.publish(standaloneTable(command.edges, await authorityOf(command.edges)));
  // Whoever catches it ends the process, and the workers with it: an orderly end would end with 0.
  if (answer.kind === 'rejected')
    throw new PointsmanError(answer.code, { message: answer.reason, fix: fixes[answer.code] });
  for (const { address, port } of answer.listeners) console.log(`listening on ${address}:${port}`);
};

/** Its folder may lie anywhere; only here does the proxy find it by itself. */
const authorityOf = async ({ https }: StandaloneEdges): Promise<string | undefined> => {
  if (https === undefined) return undefined;
  const { authorityFolder } = await import('../certificates/index.ts');
  return authorityFolder(process.env);
};

import { rm, rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ReplicaId } from '../../model/index.ts';
import type { Engine, LogLine, Scope } from '../port.ts';
import { replicaEvents } from './events.ts';
import { execInReplica } from './exec.ts';
import { replicaLogs } from './logs.ts';
import { observeReplicas, replicaFromRecord } from './observe.ts';
import { runProcessOnce } from './run-once.ts';
import { RunnerLink } from './runner-link.ts';
import type { ScopeFolder } from './scope-folder.ts';
import { replicaFolder, scopeFolder, scopeRoot } from './scope-folder.ts';
import { startOrder } from './start.ts';
import { replicaStats } from './stats.ts';

interface ProcessEngineOptions {
  readonly scope: Scope;
  /** Holds the snapshots that are run, and everything of this engine. */
  readonly stateFolder: string;
}

export const createProcessEngine = (options: ProcessEngineOptions): Engine => {
  const stateFolder = resolve(options.stateFolder);
  const folder = scopeFolder(scopeRoot(stateFolder, options.scope));
  const link = new RunnerLink(folder);
  const closing = new AbortController();
  const runningOnce = new Set<ReplicaId>();
  const until = (signal: AbortSignal) => AbortSignal.any([signal, closing.signal]);
  return {
    capabilities: {
      engine: 'process',
      privateNames: 'loopback',
      ports: 'assigned',
      builds: 'snapshot',
      limits: { memory: false, cpus: false, pids: false },
      volumes: true,
      isolatesFiles: false,
    },
    async prepare(signal) {
      const records = await link.request('list', null, until(signal));
      const leftOver = records.filter(({ role, identity }) => role === 'once' && !runningOnce.has(identity.id));
      await Promise.all(leftOver.map(({ identity }) => link.request('remove', identity.id, until(signal))));
      return { names: undefined };
    },
    async start(replica, signal) {
      const order = await startOrder(stateFolder, folder, replica, 'replica');
      return replicaFromRecord(await link.request('start', order, until(signal)));
    },
    async signal(replica, name, signal) {
      await link.request('signal', { replica, name }, until(signal));
    },
    async remove(replica, signal) {
      await link.request('remove', replica, until(signal));
    },
    observe: (service, signal) => observeReplicas(link, service, until(signal)),
    async runOnce(once, onLine, signal) {
      const order = await startOrder(stateFolder, folder, once, 'once');
      runningOnce.add(order.identity.id);
      try {
        const named = (line: LogLine) => onLine({ ...line, replica: once.id });
        const run = { order, timeoutSeconds: once.timeoutSeconds, onLine: named };
        return await runProcessOnce(link, folder, run, until(signal));
      } finally {
        runningOnce.delete(order.identity.id);
      }
    },
    exec: (replica, command, signal) =>
      execInReplica(link, { replica, folder: replicaFolder(folder, replica) }, command, until(signal)),
    logs: (replica, logOptions, signal) =>
      replicaLogs(replicaFolder(folder, replica), replica, logOptions, until(signal)),
    stats: (replica) => replicaStats(replicaFolder(folder, replica), replica),
    events: (signal) => replicaEvents(link, until(signal)),
    dispose: ({ volumes }, signal) => disposeScope(link, folder, volumes, until(signal)),
    async close() {
      closing.abort(new DOMException('the engine was closed', 'AbortError'));
      await link.close();
    },
  };
};

const disposeScope = async (
  link: RunnerLink,
  folder: ScopeFolder,
  volumes: boolean,
  signal: AbortSignal,
): Promise<void> => {
  const connection = await link.connect(signal);
  await connection.request('shutdown', null, signal);
  await connection.ended(signal);
  const own = [folder.replicas, folder.lock, folder.runnerLog, folder.socket, ...(volumes ? [folder.volumes] : [])];
  await Promise.all(own.map((path) => rm(path, { recursive: true, force: true })));
  // The folders of project and environment go when nothing else is in them.
  const parents = [folder.root, dirname(folder.root), dirname(dirname(folder.root))];
  for (const parent of parents) await rmdir(parent).catch(() => undefined);
};

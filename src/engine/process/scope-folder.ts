import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ReplicaId } from '../../model/index.ts';
import type { Scope } from '../port.ts';

/** Where everything of one scope lies. Both the engine and the runner go by it. */
export interface ScopeFolder {
  readonly root: string;
  readonly socket: string;
  readonly lock: string;
  readonly runnerLog: string;
  readonly replicas: string;
  readonly volumes: string;
}

export const scopeRoot = (stateFolder: string, { project, environment }: Scope): string =>
  join(stateFolder, 'process', project, environment);

export const scopeFolder = (root: string): ScopeFolder => ({
  root,
  socket: socketPath(root),
  lock: join(root, 'runner.lock'),
  runnerLog: join(root, 'runner.log'),
  replicas: join(root, 'replicas'),
  volumes: join(root, 'volumes'),
});

/** One replica's folder: its record and its log. */
export const replicaFolder = (folder: ScopeFolder, replica: ReplicaId): string => join(folder.replicas, replica);

/** Names of unix sockets end at 104 bytes (macOS) or 108 (Linux); a deep state folder gets a short one in /tmp instead. */
const socketPath = (root: string): string => {
  const path = join(root, 'runner.sock');
  if (Buffer.byteLength(path) <= 100) return path;
  return `/tmp/pointsman-${createHash('sha256').update(root).digest('hex').slice(0, 24)}.sock`;
};

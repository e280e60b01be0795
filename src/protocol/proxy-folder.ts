import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What supervisor and proxy find in the proxy's state folder. */
export interface ProxyFolder {
  readonly socket: string;
  /** Beside the supervisor's: `pointsman proxy upgrade` speaks here. */
  readonly operatorSocket: string;
  readonly table: string;
  /** What has been published since, change by change. */
  readonly tableChanges: string;
  readonly pid: string;
  readonly log: string;
}

/** The longest path that every system takes for a unix socket (macOS: 104 bytes with the final zero). */
const longestSocketPath = 103;

export const proxyFolder = (stateFolder: string): ProxyFolder => ({
  socket: socketPath(resolve(stateFolder), 'proxy.sock'),
  operatorSocket: socketPath(resolve(stateFolder), 'operator.sock'),
  table: join(stateFolder, 'table.json'),
  tableChanges: join(stateFolder, 'table.changes'),
  pid: join(stateFolder, 'proxy.pid'),
  log: join(stateFolder, 'proxy.log'),
});

/** In the folder itself; for a folder too deep, under a name made from its path that both sides arrive at: only then is node:crypto loaded. */
const socketPath = (stateFolder: string, file: string): string => {
  const path = join(stateFolder, file);
  if (Buffer.byteLength(path) <= longestSocketPath) return path;
  const { createHash } = process.getBuiltinModule('node:crypto');
  const name = createHash('sha256').update(path).digest('hex').slice(0, 24);
  return join(tmpdir(), `pointsman-${name}.sock`);
};

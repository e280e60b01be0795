import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:net';

/**
 * A unix socket for this user alone. What a dead proxy left at the path is removed; that none is alive there is the
 * caller's to know.
 */
export const listenPrivately = async (server: Server, path: string): Promise<void> => {
  await rm(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
};

import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { Server } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Address, ReplicaId } from '../../src/model/index.ts';
import { environmentName, projectName, replicaIdOf, serviceName } from '../../src/model/index.ts';

export const replica = (slot: number): ReplicaId =>
  replicaIdOf(
    { project: projectName('shop'), environment: environmentName('production') },
    { service: serviceName('web'), revision: 1, slot, attempt: 1 },
  );

/** A server on a free port of this machine. */
export const listen = async (server: Server): Promise<Address> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('not a TCP server');
  return { host: '127.0.0.1', port: bound.port };
};

/** An app that ends with its test. */
export const serve = (app: RequestListener): Promise<Address> => {
  const server = createServer(app);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return listen(server);
};

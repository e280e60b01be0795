import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { HostPort } from '../../../model/index.ts';
import { hostPortWords } from '../../../model/index.ts';
import { hostPortTaken } from '../../host-port-taken.ts';
import type { StartOrder } from '../record.ts';

/** The replica listens on them itself; that somebody else has one is said before it dies of it in words of its own. */
export const requireFree = async ({ identity, hostPorts = [] }: StartOrder): Promise<void> => {
  for (const hostPort of hostPorts) {
    if (await isTaken(hostPort)) throw hostPortTaken(identity.id, hostPortWords(hostPort));
  }
};

/** A port that we may not have ourselves (below 1024) may still be had by the program. */
const isTaken = async ({ listen, protocol }: HostPort): Promise<boolean> => {
  const host = listen.host.replace(/^\[|\]$/g, '');
  try {
    await (protocol === 'tcp' ? listenOnce(host, listen.port) : bindOnce(host, listen.port));
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  }
};

const listenOnce = async (host: string, port: number): Promise<void> => {
  const server = createServer((connection) => connection.destroy());
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
};

const bindOnce = async (address: string, port: number): Promise<void> => {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind({ address, port, exclusive: true });
  await once(socket, 'listening');
  socket.close();
  await once(socket, 'close');
};

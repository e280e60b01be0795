import net from 'node:net';
import type { Listener } from '../../model/index.ts';
import type { ListenerAddress } from '../../protocol/index.ts';
import type { SocketKey } from '../messages.ts';
import { nodeUtil } from '../node-util.ts';

/**
 * A bound socket that this process never accepts on. Workers listen and accept on copies of it, so connections wait in
 * the kernel's queue, instead of being refused, while a worker is replaced. A `net.Server` can't be this: it would
 * compete with the workers for connections. node:cluster holds its sockets the same way, but closes them with the last worker.
 */
export interface SocketHandle {
  getsockname(out: { port?: number }): number;
  close(): void;
}

interface HandleMaker {
  _createServerHandle(address: string, port: number, addressType: 4 | 6): SocketHandle | number;
}

export interface OpenSocket extends ListenerAddress {
  readonly handle: SocketHandle;
}

export const socketKey = (socket: ListenerAddress): SocketKey => `${socket.address}:${socket.port}`;

/** Throws the system's error with its `code`. */
export const openSocket = (listener: Listener): OpenSocket => {
  const address = listener.address.replace(/^\[|\]$/g, '');
  const family = net.isIPv6(address) ? 6 : 4;
  const handle = (net as unknown as HandleMaker)._createServerHandle(address, listener.port, family);
  if (typeof handle === 'number') throw systemError(handle, listener);
  const name: { port?: number } = {};
  // An address that is taken is found out here, or by the first worker that listens.
  const failure = handle.getsockname(name);
  if (failure !== 0 || name.port === undefined) {
    handle.close();
    throw systemError(failure, listener);
  }
  return { id: listener.id, address: listener.address, port: name.port, handle };
};

const systemError = (errno: number, listener: Listener): NodeJS.ErrnoException => {
  const code = errno < 0 ? nodeUtil().getSystemErrorName(errno) : 'UNKNOWN';
  return Object.assign(new Error(`${code} at ${listener.address}:${listener.port}`), { code });
};

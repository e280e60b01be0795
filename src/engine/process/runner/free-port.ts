import { createServer } from 'node:net';
import type { ListenOptions, Server } from 'node:net';

/** A port for one replica, nobody else's until it is released. */
export interface TakenPort {
  readonly port: number;
  release(): void;
}

/** Below the range from which the system takes ports for outgoing connections, so that a busy proxy can't take a replica's port. */
const handedOut = { first: 20_000, count: 10_000 };

/**
 * A port of the loopback that nobody listens on and no runner of this machine has handed out: an app that boots slowly would
 * find another one there, and until then its probes and its users would reach that one. A program that knows nothing of us may
 * still take it first; then the replica fails to start and says so.
 */
export const takePort = async ({ first, count } = handedOut): Promise<TakenPort> => {
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step += 1) {
    const port = first + ((start + step) % count);
    const release = await reserve(port);
    if (release === undefined) continue;
    if (await canListen(port)) return { port, release };
    release();
  }
  throw new Error(`no free port between ${first} and ${first + count - 1}`);
};

/** What this runner has handed out. */
const ours = new Set<number>();

const reserve = async (port: number): Promise<(() => void) | undefined> => {
  if (ours.has(port)) return undefined;
  ours.add(port);
  const name = await takeName(port);
  if (name === undefined) {
    ours.delete(port);
    return undefined;
  }
  return () => {
    name.close();
    ours.delete(port);
  };
};

/**
 * What every runner of this machine can see: an abstract socket, whose name the kernel takes back however its holder dies.
 * Only Linux has them; elsewhere two projects may still be given the same port at the same moment.
 */
const takeName = async (port: number): Promise<{ close(): void } | undefined> =>
  process.platform === 'linux' ? await listen({ path: `\0pointsman-port-${port}` }) : { close: () => {} };

const canListen = async (port: number): Promise<boolean> => {
  const server = await listen({ port, host: '127.0.0.1', exclusive: true });
  if (server !== undefined) await new Promise((closed) => server.close(closed));
  return server !== undefined;
};

const listen = (where: ListenOptions): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', () => resolve(undefined));
    server.listen(where, () => resolve(server.unref()));
  });

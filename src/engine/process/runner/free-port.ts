import { createServer } from 'node:net';

/** Below the range from which the system takes ports for outgoing connections, so that a busy proxy can't take a replica's port. */
const first = 20_000;
const count = 10_000;

/** A port of the loopback that nobody listens on. Another program may still take it before the replica does; then the replica fails to start and says so. */
export const freePort = async (taken: ReadonlySet<number>): Promise<number> => {
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step += 1) {
    const port = first + ((start + step) % count);
    if (!taken.has(port) && (await canListen(port))) return port;
  }
  throw new Error(`no free port between ${first} and ${first + count - 1}`);
};

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });

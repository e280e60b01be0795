import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * A port of this machine that nobody listens on, and that nobody gets who asks the system for any: it lies below those
 * that the system hands out, so it is still free when it is used a moment later.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const server = createServer().listen(randomInt(10_000, 20_000), '127.0.0.1');
    const port = await once(server, 'listening').then(
      () => (server.address() as AddressInfo).port,
      () => undefined,
    );
    if (port === undefined) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
};

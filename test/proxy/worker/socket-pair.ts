import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** Two ends of one connection over loopback; the far one reads nothing before it is told to. */
export class SocketPair {
  readonly near: Socket;
  readonly far: Socket;
  readonly #server: Server;

  private constructor(near: Socket, far: Socket, server: Server) {
    this.near = near;
    this.far = far;
    this.#server = server;
    for (const socket of [near, far]) socket.on('error', () => undefined);
  }

  static async open(): Promise<SocketPair> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
    return new SocketPair(near, far as Socket, server);
  }

  /** Reads on the far end until that many octets have come. */
  async read(length: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let known = 0;
    const collect = (chunk: Buffer): void => {
      chunks.push(chunk);
      known += chunk.length;
      if (known >= length) this.far.emit('enough');
    };
    this.far.on('data', collect);
    this.far.resume();
    if (known < length) await once(this.far, 'enough');
    this.far.off('data', collect);
    return Buffer.concat(chunks);
  }

  close(): void {
    this.near.destroy();
    this.far.destroy();
    this.#server.close();
  }
}

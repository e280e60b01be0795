import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stands between an engine and Docker, so that a test can cut the connection without touching Docker. */
export interface CuttableSocket {
  readonly path: string;
  /** Ends every connection and refuses new ones. */
  readonly cut: () => Promise<void>;
  readonly mend: () => Promise<void>;
}

export const cuttableSocket = async (): Promise<CuttableSocket> => {
  const path = join(tmpdir(), `pointsman-${randomBytes(6).toString('hex')}.sock`);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(dockerSocket);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  });
  const mend = async (): Promise<void> => {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(path, resolve));
  };
  await mend();
  return {
    path,
    mend,
    cut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};

const dockerSocket = process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { childrenOf, host, program, upstream } from '../rig.ts';
import { App } from './app.ts';
import { EdgeProxy, routes } from './rig.ts';

let folder: string;
let edge: EdgeProxy;
let app: App;

/** Two workers, and hours that pass when the test says so. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sessions-'));
  app = await App.start('a');
  process.env['NODE_OPTIONS'] = `--import=${fileURLToPath(new URL('hours-pass.ts', import.meta.url))}`;
  try {
    edge = await EdgeProxy.start(2);
  } finally {
    delete process.env['NODE_OPTIONS'];
  }
  const authority = join(folder, 'ca');
  await edge.publish([{ kind: 'https', id: 'https', routes, certificates: [], authority }], [upstream('a', app.port)]);
});
afterEach(async () => {
  app.close();
  await edge.close();
  await rm(folder, { recursive: true, force: true });
});

const dial = (session?: Buffer): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const options = { port: edge.port('https'), host: '127.0.0.1', servername: host, rejectUnauthorized: false };
    const socket = connect({ ...options, ...(session !== undefined && { session }) });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });

/** What one worker gives a client to come back with. */
const begin = async (): Promise<Buffer> => {
  const socket = await dial();
  const begun = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.resume();
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return await begun;
};

/** Of many clients that come back with it, over all workers: whether all of them, some or none were known. */
const known = async (session: Buffer): Promise<'all' | 'some' | 'none'> => {
  const sockets = await Promise.all(Array.from({ length: 12 }, () => dial(session)));
  const reused = sockets.filter((socket) => socket.isSessionReused()).length;
  for (const socket of sockets) socket.destroy();
  return reused === 0 ? 'none' : reused === sockets.length ? 'all' : 'some';
};

describe('TLS sessions', () => {
  it('are taken up again, whichever worker began them, of this generation or the one before', async () => {
    const session = await begin();
    expect(await known(session)).toBe('all');
    const upgrade = ['upgrade', '--state', edge.proxy.stateFolder, '--within', '1'];
    await promisify(execFile)(process.execPath, [program, ...upgrade]);
    expect(await known(session)).toBe('all');
  });

  it('are encrypted with another key after some hours, the same one in every worker and in the successor of one', async () => {
    const old = await begin();
    expect(await known(old)).toBe('all');
    const { pid } = edge.proxy.link.hello;
    process.kill(pid, 'SIGWINCH');
    await expect.poll(() => known(old)).toBe('none');
    const young = await begin();
    expect(await known(young)).toBe('all');
    const [one] = childrenOf(pid);
    if (one !== undefined) process.kill(one, 'SIGKILL');
    await expect.poll(() => childrenOf(pid).filter((worker) => worker !== one)).toHaveLength(2);
    expect(await known(young)).toBe('all');
    expect(await known(old)).toBe('none');
  });
});

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestRecord, Upstream } from '../../src/model/index.ts';
import { proxyFolder } from '../../src/protocol/index.ts';
import { connectProxy } from '../../src/traffic/index.ts';
import { childrenOf, closing, get, program, RawClient, soon, TestProxy, upstream } from './rig.ts';

let proxy: TestProxy;
let own: ChildProcess;
let app: Server;
const clients: RawClient[] = [];
const records: RequestRecord[] = [];

const descriptors = 160;

beforeEach(async () => {
  records.length = 0;
  app = createServer((request, response) => {
    // What is slow keeps its connection for as long as the test wants.
    if (request.url !== '/slow') response.end('served');
  });
  app.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => {
    app.listen(0, '127.0.0.1', resolve);
  });
  const stateFolder = await mkdtemp(join(tmpdir(), 'proxy-'));
  const limited = [`--nofile=${descriptors}:${descriptors}`, process.execPath, program, '--state', stateFolder];
  own = spawn('prlimit', limited, { stdio: 'ignore' });
  await expect.poll(() => existsSync(proxyFolder(stateFolder).operatorSocket)).toBe(true);
  const link = await connectProxy({ stateFolder, program, signal: soon() });
  link.onLedger((batch) => records.push(...batch));
  proxy = TestProxy.over(link, stateFolder);
  await proxy.publish([upstream('a', (app.address() as AddressInfo).port)]);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  app.closeAllConnections();
  app.close();
  await proxy.close();
  own.kill('SIGKILL');
});

const open = async (): Promise<RawClient> => {
  const client = await proxy.client();
  clients.push(client);
  return client;
};

const openDescriptors = (): number => {
  const [worker = 0] = childrenOf(own.pid ?? 0);
  return readdirSync(`/proc/${worker}/fd`).length;
};

/** What the worker accepts only after the next table shares the last descriptors with upstreams, and is turned away. */
const accepted = (count: number, before: number): Promise<void> =>
  expect.poll(() => openDescriptors() - before).toBeGreaterThanOrEqual(count);

describe('a proxy that has few file descriptors', { skip: !existsSync('/usr/bin/prlimit') }, () => {
  it('closes idle connections to make room for new ones, which are all served', async () => {
    for (let count = 0; count < descriptors * 2; count += 1) {
      const client = await open();
      client.send(get());
      await client.until('served');
    }
    expect(records.every(({ outcome }) => outcome === 'ok')).toBe(true);
  });

  it('answers 503 and records why when not even a connection to an upstream can be made, and recovers', async () => {
    // They wait for an upstream, and then need connections to it all at once; none of them is idle.
    const hold = { hold: { seconds: 120, maxRequests: 200 } };
    await proxy.publish([], hold);
    const waiting: RawClient[] = [];
    const before = openDescriptors();
    for (let count = 0; count < 100; count += 1) {
      const client = await open();
      client.send(get('/slow'));
      waiting.push(client);
    }
    await accepted(waiting.length, before);
    await proxy.publish([upstream('a', (app.address() as AddressInfo).port)], hold);
    await expect
      .poll(() => waiting.filter(({ received }) => received.startsWith('HTTP/1.1 503 ')).length)
      .toBeGreaterThan(0);
    await expect
      .poll(() => records.some(({ outcome, status }) => outcome === 'overloaded' && status === 503))
      .toBe(true);
    // Nobody spins: a proxy at its limit still answers the supervisor.
    expect(await proxy.inFlight('a')).toBeGreaterThan(20);
    for (const client of waiting) client.socket.destroy();
    await expect.poll(() => proxy.inFlight('a')).toBe(0);
    expect(await proxy.exchange(get('/', closing))).toContain('served');
  });

  it('says of a TCP connection too that it was our own shortage, which is no fault of any version', async () => {
    const hold = { hold: { seconds: 120, maxRequests: 200 } };
    const tcp = { kind: 'tcp', id: 'tcp', address: '127.0.0.1', pool: 'app' } as const;
    const publish = async (port: number, ...upstreams: readonly Upstream[]): Promise<number> => {
      const table = proxy.table(upstreams, hold);
      const listeners = [...table.listeners, { ...tcp, port }];
      const published = await proxy.link.publish({ ...table, listeners }, soon());
      return published.listeners.find(({ id }) => id === 'tcp')?.port ?? 0;
    };
    const port = await publish(0);
    const before = openDescriptors();
    for (let count = 0; count < 100; count += 1) clients.push(await RawClient.connect(port));
    await accepted(clients.length, before);
    await publish(port, upstream('a', (app.address() as AddressInfo).port));
    await expect.poll(() => records.map(({ outcome }) => outcome)).toContain('overloaded');
    expect(records.map(({ outcome }) => outcome)).not.toContain('refused');
    for (const client of clients.splice(0)) client.socket.destroy();
    await expect.poll(() => proxy.inFlight('a')).toBe(0);
  });

  it('turns new connections away when all it has carry something, and serves again afterwards', async () => {
    const busy: RawClient[] = [];
    for (let count = 0; count < descriptors; count += 1) {
      const client = await open();
      client.send(get('/slow'));
      busy.push(client);
    }
    const late = await open();
    late.send(get());
    await late.closed;
    expect(late.received).toBe('');
    for (const client of busy) client.socket.destroy();
    await expect.poll(() => proxy.exchange(get('/', closing))).toContain('served');
  });
});

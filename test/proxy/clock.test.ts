import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/model/index.ts';
import { get, ok, RawUpstream, soon, TestProxy, upstream } from './rig.ts';

const hour = 3_600_000;
let folder: string;
let proxy: TestProxy;
let app: RawUpstream;
const records: RequestRecord[] = [];
const served = (): readonly RequestRecord[] => records.filter(({ status }) => status === 200);

beforeEach(async () => {
  records.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'clock-'));
  process.env['POINTSMAN_TEST_CLOCK'] = join(folder, 'clock');
  process.env['NODE_OPTIONS'] = `--import=${fileURLToPath(new URL('../e2e/another-clock.ts', import.meta.url))}`;
  try {
    proxy = await TestProxy.start();
  } finally {
    delete process.env['NODE_OPTIONS'];
  }
  proxy.link.onLedger((more) => records.push(...more));
  app = await RawUpstream.start((socket: Socket, text) => {
    if (!text.includes('/silent')) socket.write(ok('served'));
  });
});
afterEach(async () => {
  app.close();
  await proxy.close();
  await rm(folder, { recursive: true, force: true });
});

const publish = async (upstreams: Parameters<TestProxy['table']>[0]): Promise<void> => {
  const table = proxy.table(upstreams, { hold: { seconds: 60, maxRequests: 10 }, limits: { responseSeconds: 60 } });
  const listeners = table.listeners.map((listener) => ({ ...listener, limits: { headSeconds: 1 } }));
  const published = await proxy.link.publish({ ...table, listeners }, soon());
  proxy.port = published.listeners[0]?.port ?? 0;
};

/** A client whose time is up after a second: when it is answered, the deadlines of all have been looked at. */
const slowHead = async (): Promise<() => Promise<void>> => {
  const client = await proxy.client();
  client.send('GET / HTTP/1.1\r\nX-');
  return () => client.until('HTTP/1.1 408 ');
};

it('a clock set forward by an hour ends nothing: not what is held, not what waits for its answer, not what is idle', async () => {
  await publish([upstream('a', app.port)]);
  const idle = await proxy.client();
  idle.send(get());
  await idle.until('served');
  const awaited = await proxy.client();
  awaited.send(get('/silent'));
  await app.until(() => app.all.includes('/silent'));
  await publish([]);
  const held = await proxy.client();
  held.send(get('/held'));
  await (
    await slowHead()
  )();
  await writeFile(join(folder, 'clock'), String(hour));
  await (
    await slowHead()
  )();
  app.sockets.at(-1)?.write(ok('late'));
  await awaited.until('late');
  await publish([upstream('a', app.port)]);
  await held.until('served');
  idle.send(get('/again'));
  await expect.poll(() => served().length).toBe(4);
  for (const { durationMs } of served()) expect(durationMs).toBeLessThan(hour / 2);
  expect(served().at(-1)?.at).toBeGreaterThan(Date.now() + hour / 2);
  for (const client of [idle, awaited, held]) client.socket.destroy();
});

it('a clock set back by an hour lets nobody stay longer', async () => {
  await publish([]);
  const held = await proxy.client();
  held.send(get('/held'));
  const answered = await slowHead();
  await writeFile(join(folder, 'clock'), String(-hour));
  await answered();
  await publish([upstream('a', app.port)]);
  await held.until('served');
  await expect.poll(() => served().length).toBe(1);
  expect(served()[0]?.durationMs).toBeGreaterThanOrEqual(0);
  held.socket.destroy();
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, createServer as createSocketServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/model/index.ts';
import { connectProxy } from '../../src/traffic/index.ts';
import type { ProxyLink } from '../../src/traffic/index.ts';
import { proxyFolder } from '../../src/protocol/index.ts';
import { closing, get, program, soon, TestProxy, upstream } from '../proxy/rig.ts';

let folder: string;
const links: ProxyLink[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'link-'));
});
afterEach(async () => {
  for (const link of links.splice(0)) await link.shutdown(soon()).catch(() => link.destroy());
  await rm(folder, { recursive: true, force: true });
});

const link = async (stateFolder = folder): Promise<ProxyLink> => {
  const made = await connectProxy({ stateFolder, program, signal: soon() });
  links.push(made);
  return made;
};

it('starts a proxy where a dead one left its socket behind', async () => {
  const path = proxyFolder(folder).socket;
  // Renaming a socket in use leaves one that nobody answers at.
  const dead = createSocketServer();
  await new Promise<void>((resolve) => {
    dead.listen(`${path}.tmp`, resolve);
  });
  const { rename } = await import('node:fs/promises');
  await rename(`${path}.tmp`, path);
  await new Promise((resolve) => dead.close(resolve));
  const { hello } = await link();
  expect(hello).toMatchObject({ protocol: 3, listeners: [] });
});

it('works in a folder that is too deep for a socket', async () => {
  const deep = join(folder, 'd'.repeat(60), 'e'.repeat(60));
  await mkdir(deep, { recursive: true });
  expect((await link(deep)).hello.protocol).toBe(3);
});

it('says why no proxy can be started', async () => {
  const broken = join(folder, 'broken.mjs');
  await writeFile(broken, 'console.error("out of luck"); process.exit(7);');
  await expect(connectProxy({ stateFolder: folder, program: broken, signal: soon() })).rejects.toMatchObject({
    code: 'PROXY_UNREACHABLE',
    message: expect.stringContaining('out of luck') as string,
  });
});

it.runIf(process.platform === 'linux')('says why the system refuses to start one', async () => {
  process.env['TOO_LONG'] = 'x'.repeat(200_000);
  try {
    await expect(connectProxy({ stateFolder: folder, program, signal: soon() })).rejects.toMatchObject({
      code: 'PROXY_UNREACHABLE',
      message: expect.stringContaining("can't be started: spawn E2BIG") as string,
    });
  } finally {
    delete process.env['TOO_LONG'];
  }
});

it('gives up when told to', async () => {
  const silent = join(folder, 'silent.mjs');
  await writeFile(silent, 'setTimeout(() => {}, 5_000);');
  const attempt = connectProxy({ stateFolder: folder, program: silent, signal: AbortSignal.timeout(300) });
  await expect(attempt).rejects.toMatchObject({ name: 'TimeoutError' });
});

it('lets a newer supervisor take over', async () => {
  const older = await link();
  const lost = new Promise<string>((resolve) => older.onLost(resolve));
  let cameBack = false;
  older.onBack(() => (cameBack = true));
  const newer = await link();
  expect(newer.hello.pid).toBe(older.hello.pid);
  expect(await lost).toContain('another supervisor');
  await expect(older.inFlight(soon())).rejects.toMatchObject({ code: 'PROXY_UNREACHABLE' });
  expect(await newer.inFlight(soon())).toEqual({});
  expect(cameBack).toBe(false);
});

it('publishes the last table again to a proxy that lost it, and hands on records of requests', async () => {
  const app = createServer((_request, response) => response.end('served'));
  await new Promise<void>((resolve) => {
    app.listen(0, '127.0.0.1', resolve);
  });
  const proxy = await TestProxy.start();
  const records: RequestRecord[] = [];
  proxy.link.onLedger((batch) => records.push(...batch));
  await proxy.publish([upstream('a', (app.address() as AddressInfo).port)]);
  expect(await proxy.exchange(get('/x?y', closing))).toContain('served');
  await expect.poll(() => records).toHaveLength(1);
  expect(records[0]).toMatchObject({
    pool: 'app', generation: 1, revision: 1, replica: 'a', method: 'GET', path: '/x', status: 200, bytesOut: 6, outcome: 'ok',
  }); // prettier-ignore

  const back = new Promise((resolve) => proxy.link.onBack(resolve));
  await rm(proxyFolder(proxy.stateFolder).table);
  process.kill(proxy.link.hello.pid, 'SIGKILL');
  await back;
  const [listener] = (await proxy.link.publish(proxy.table([upstream('a', 1)]), soon())).listeners;
  expect(listener?.id).toBe('http');
  await proxy.close();
  app.close();
});

type Word = Readonly<Record<string, unknown>> & { readonly kind: string };

/**
 * What a proxy of another release says, in front of one of ours. The one before, which speaks protocol 2, ends the
 * connection when it hears of what that has not. Each folder has its own socket.
 */
const inFrontOf = async (
  proxyOf: string,
  at: string,
  says: (message: Word) => Word,
  heard: string[] = [],
): Promise<Server> => {
  const older = createSocketServer((socket) => {
    const inner = connect(proxyFolder(proxyOf).socket);
    const ends = (): void => void [socket.destroy(), inner.destroy()];
    for (const each of [socket, inner]) each.on('error', ends).on('close', ends);
    createInterface({ input: inner }).on('line', (line) => {
      socket.write(`${JSON.stringify(says(JSON.parse(line) as Word))}\n`);
    });
    createInterface({ input: socket }).on('line', (line) => {
      const { kind } = JSON.parse(line) as { readonly kind: string };
      heard.push(kind);
      if (kind === 'publish-change') ends();
      else inner.write(`${line}\n`);
    });
  });
  await new Promise<void>((resolve) => {
    older.listen(proxyFolder(at).socket, resolve);
  });
  return older;
};

it('brings every table whole to a proxy of an older release, which knows of no changes', async () => {
  const app = createServer((_request, response) => response.end('served'));
  await new Promise<void>((resolve) => {
    app.listen(0, '127.0.0.1', resolve);
  });
  const { port } = app.address() as AddressInfo;
  const [own, heard] = [join(folder, 'own'), [] as string[]];
  await mkdir(own);
  const start = await connectProxy({ stateFolder: own, program, signal: soon() });
  await start.close();
  const protocol2 = (message: Word): Word => (message.kind === 'hello' ? { ...message, protocol: 2 } : message);
  const older = await inFrontOf(own, folder, protocol2, heard);
  const proxy = TestProxy.over(await link(), folder);
  expect(proxy.link.hello.protocol).toBe(2);
  for (const id of ['a', 'b', 'c']) {
    await proxy.publish([upstream(id, port)]);
    expect(await proxy.exchange(get('/', closing))).toContain('served');
  }
  await expect(proxy.link.publish({ ...proxy.table([]), pools: [] }, soon())).rejects.toMatchObject({
    code: 'TABLE_REJECTED',
  });
  expect(await proxy.exchange(get('/', closing))).toContain('served');
  expect(heard).toEqual(['publish', 'publish', 'publish', 'publish']);
  await proxy.link.shutdown(soon());
  older.close();
  app.close();
});

it.each([
  ['an older release, whose batches do not say their form', undefined],
  ['a newer release', 99],
])('never guesses at the records of %s: they count as lost, and a notice says why', async (_name, format) => {
  const app = createServer((_request, response) => response.end('served'));
  await new Promise<void>((resolve) => {
    app.listen(0, '127.0.0.1', resolve);
  });
  const own = join(folder, 'own');
  await mkdir(own);
  await (await connectProxy({ stateFolder: own, program, signal: soon() })).close();
  const foreign = await inFrontOf(own, folder, (message) =>
    message.kind === 'records' ? { ...message, batch: { ...(message['batch'] as object), format } } : message,
  );
  const proxy = TestProxy.over(await link(), folder);
  const told = { records: 0, lost: 0, notices: [] as string[] };
  proxy.link.onLedger((records, lost) => {
    told.records += [...records].length;
    told.lost += lost;
  });
  proxy.link.onNotice((message) => told.notices.push(message));
  await proxy.publish([upstream('a', (app.address() as AddressInfo).port)]);
  for (const number of [1, 2, 3]) {
    expect(await proxy.exchange(get('/', closing))).toContain('served');
    await expect.poll(() => told.lost).toBe(number);
  }
  expect(told.records).toBe(0);
  expect(told.notices).toEqual([expect.stringContaining(`in form ${format ?? 0}`)]);
  expect(told.notices[0]).toContain('pointsman proxy upgrade');
  await proxy.link.shutdown(soon());
  foreign.close();
  app.close();
});

it('is not used, and left to serve, when it speaks a protocol of another release', async () => {
  const own = join(folder, 'own');
  await mkdir(own);
  const serving = await connectProxy({ stateFolder: own, program, signal: soon() });
  const newer = await inFrontOf(own, folder, (message) =>
    message.kind === 'hello' ? { ...message, protocol: 4 } : message,
  );
  await expect(connectProxy({ stateFolder: folder, program, signal: soon() })).rejects.toMatchObject({
    code: 'PROXY_UNREACHABLE',
    message: expect.stringContaining('it speaks protocol 4, and 2 and 3 are spoken here') as string,
  });
  process.kill(serving.hello.pid, 0);
  newer.close();
  // Whoever else connects takes this proxy over from its first link, which could not end it any more.
  serving.destroy();
  await (await connectProxy({ stateFolder: own, program, signal: soon() })).shutdown(soon());
});

import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReplicaId, RouteTable } from '../../src/model/index.ts';
import { proxyFolder } from '../../src/protocol/index.ts';
import { connectProxy } from '../../src/traffic/index.ts';
import { childrenOf, closing, get, program, soon, TestProxy, upstream } from './rig.ts';

const run = promisify(execFile);
let finish: () => void = () => undefined;
const app = createHttpServer((request, response) => {
  if (request.url === '/begun') {
    response.write('first half');
    finish = () => response.end('second half');
  } else if (request.url !== '/slow') response.end('served');
});
const appPort = (): number => (app.address() as AddressInfo).port;
/** The proxy of the running test. */
let proxy: TestProxy;
/** The test has ended it itself. */
let closed = false;

beforeAll(
  () =>
    new Promise<void>((resolve) => {
      app.listen(0, '127.0.0.1', resolve);
    }),
);
afterAll(() => {
  app.closeAllConnections();
  app.close();
});
afterEach(async () => {
  await (closed ? proxy.remove() : proxy.close());
  closed = false;
});

const start = async (workers = 1): Promise<void> => {
  proxy = await TestProxy.start(workers);
  await proxy.publish([upstream('a', appPort())]);
};

describe('a worker that is killed', () => {
  it('costs only its own connections: the next ones wait and are served by its successor', async () => {
    await start();
    const slow = await proxy.client();
    slow.send(get('/slow'));
    await expect.poll(() => proxy.inFlight('a')).toBe(1);
    const workers = childrenOf(proxy.link.hello.pid);
    expect(workers).toHaveLength(1);
    for (const worker of workers) process.kill(worker, 'SIGKILL');
    const answers = await Promise.all([1, 2, 3].map(() => proxy.exchange(get('/', closing))));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    await slow.closed;
    expect(slow.received).toBe('');
    expect(await proxy.inFlight('a')).toBe(0);
  });

  it('no longer counts for an upstream that waits to be empty', async () => {
    await start(2);
    const slow = await proxy.client();
    slow.send(get('/slow'));
    await expect.poll(() => proxy.inFlight('a')).toBe(1);
    const drained = proxy.drained('a');
    await proxy.publish([upstream('b', appPort())]);
    for (const worker of childrenOf(proxy.link.hello.pid)) process.kill(worker, 'SIGKILL');
    await drained;
    // Whoever serves now knows the newest table.
    expect(await proxy.exchange(get('/', closing))).toContain('served');
    expect(await proxy.inFlight('b')).toBe(0);
  });
});

describe('a worker that the system refuses to start', { skip: !existsSync('/usr/bin/prlimit') }, () => {
  it('is tried again until it starts; the proxy goes on', async () => {
    const stateFolder = await mkdtemp(join(tmpdir(), 'proxy-'));
    // With so many variables nobody can be started once a stack may have no more than 1 MB: a quarter of it is theirs.
    const heavy = Object.fromEntries([1, 2, 3, 4].map((number) => [`HEAVY_${number}`, 'x'.repeat(100_000)]));
    const log = await open(join(stateFolder, 'proxy.log'), 'a');
    const own = spawn(process.execPath, [program, '--state', stateFolder], {
      env: { ...process.env, ...heavy },
      stdio: ['ignore', log.fd, log.fd],
    });
    await log.close();
    await expect.poll(() => existsSync(proxyFolder(stateFolder).operatorSocket)).toBe(true);
    proxy = TestProxy.over(await connectProxy({ stateFolder, program, signal: soon() }), stateFolder);
    await proxy.publish([upstream('a', appPort())]);
    const limitStack = (bytes: number) => run('prlimit', ['--pid', String(own.pid), `--stack=${bytes}:`]);
    await limitStack(2 ** 20);
    for (const worker of childrenOf(own.pid ?? 0)) process.kill(worker, 'SIGKILL');
    const waiting = proxy.exchange(get('/', closing));
    await expect
      .poll(() => readFile(join(stateFolder, 'proxy.log'), 'utf8'))
      .toContain('(spawn E2BIG); it is replaced');
    await limitStack(2 ** 23);
    expect(await waiting).toContain('served');
    expect(proxy.link.hello.pid).toBe(own.pid);
  });
});

describe('the last table', () => {
  it('is served again, on the same port, when the proxy itself was killed', async () => {
    await start();
    const { port } = proxy;
    const back = new Promise<number>((resolve) => proxy.link.onBack((hello) => resolve(hello.pid)));
    const before = proxy.link.hello.pid;
    process.kill(before, 'SIGKILL');
    expect(await back).not.toBe(before);
    expect(proxy.link.hello.listeners).toEqual([{ id: 'http', address: '127.0.0.1', port }]);
    expect(await proxy.exchange(get('/', closing))).toContain('served');
  });

  it('is served without a supervisor, and a later one finds the same proxy', async () => {
    await start();
    const { pid, table } = proxy.link.hello;
    expect(table).toBeUndefined();
    await proxy.link.close();
    expect(await proxy.exchange(get('/', closing))).toContain('served');
    const again = await connectProxy({ stateFolder: proxy.stateFolder, program, signal: soon() });
    expect(again.hello.pid).toBe(pid);
    expect(again.hello.table?.generation).toBe(1);
    expect((await stat(join(proxy.stateFolder, 'proxy.sock'))).mode & 0o777).toBe(0o600);
    await again.shutdown(soon());
    closed = true;
  });

  it.each([
    ['torn', (text: string) => text.slice(0, text.length / 2), 'torn'],
    ['changed by hand', (text: string) => text.replace('app.localhost', 'evil.localhost'), 'checksum'],
    ['of another version', (text: string) => text.replace('"version": 4', '"version": 99'), 'version is 99'],
    ['foreign', () => '{"services": []}', 'not a table of this proxy'],
    ['empty', () => '', 'torn'],
  ])('is not used when its file is %s, and the supervisor is told', async (_name, damage, reason) => {
    await start();
    const { stateFolder } = proxy;
    const path = join(stateFolder, 'table.json');
    await proxy.link.shutdown(soon());
    const text = await readFile(path, 'utf8');
    await writeFile(path, damage(text));
    const link = await connectProxyWhenGone(stateFolder);
    expect(link.hello.table).toBeUndefined();
    expect(link.hello.listeners).toEqual([]);
    expect(link.hello.warning).toContain(reason);
    expect(await readFile(`${path}.unusable`, 'utf8')).toBe(damage(text));
    await link.publish(proxy.table([upstream('a', appPort())]), soon());
    await link.shutdown(soon());
    closed = true;
  });

  it('of a proxy that knew http only serves on', async () => {
    await start();
    const path = join(proxy.stateFolder, 'table.json');
    await proxy.link.shutdown(soon());
    const { table, listeners } = JSON.parse(await readFile(path, 'utf8')) as { table: RouteTable; listeners: unknown };
    const before = { ...table, listeners: table.listeners.map(({ kind: _kind, ...listener }) => listener) };
    const content = { table: before, listeners };
    const checksum = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    await writeFile(path, JSON.stringify({ format: 'pointsman-proxy-table', version: 1, checksum, ...content }));
    const link = await connectProxyWhenGone(proxy.stateFolder);
    expect(link.hello.warning).toBeUndefined();
    expect(await proxy.exchange(get('/', closing))).toContain('served');
    await link.shutdown(soon());
    closed = true;
  });
});

describe('a proxy that is told to end', () => {
  it('leaves its ports to a successor at once, and still finishes what it has begun', async () => {
    await start();
    const slow = await proxy.client();
    slow.send(get('/begun'));
    await slow.until('first half');
    const { stateFolder, port } = proxy;
    await proxy.link.shutdown(soon());
    const successor = await connectProxyWhenGone(stateFolder);
    expect(successor.hello.pid).not.toBe(proxy.link.hello.pid);
    expect(successor.hello.listeners[0]?.port).toBe(port);
    expect(successor.hello.warning).toBeUndefined();
    expect(await proxy.exchange(get('/', closing))).toContain('served');
    finish();
    await slow.until('second half');
    await successor.shutdown(soon());
    closed = true;
  });
});

describe('a table that can not be served', () => {
  it('is refused whole with the reason; what serves goes on serving', async () => {
    await start();
    const good = proxy.table([upstream('a', appPort())]);
    const [listener] = good.listeners;
    const [pool] = good.pools;
    if (listener === undefined || pool === undefined) throw new Error('a table has both');
    const other = { kind: 'http', id: 'other', address: '127.0.0.1', port: 0, routes: [] };
    const bad = {
      'unknown pool nobody': {
        ...good,
        listeners: [{ ...listener, routes: [{ host: 'a', pathPrefix: '/', pool: 'nobody' }] }],
      },
      'unknown kind smoke': { ...good, listeners: [listener, { ...other, kind: 'smoke' }] },
      'unknown pool behind': { ...good, listeners: [listener, { ...other, kind: 'tcp', pool: 'behind' }] },
      'bad port to redirect to': { ...good, listeners: [listener, { ...other, kind: 'redirect', toPort: 0 }] },
      'neither certificates': { ...good, listeners: [listener, { ...other, kind: 'https', certificates: [] }] },
      'no absolute path': {
        ...good,
        listeners: [listener, { ...other, kind: 'https', certificates: [], authority: 'ca' }],
      },
      'duplicate listener': { ...good, listeners: [listener, listener] },
      'bad address somewhere': { ...good, listeners: [listener, { ...other, address: 'somewhere' }] },
      'bad port': { ...good, listeners: [listener, { ...other, port: 70_000 }] },
      'older than': { ...good, generation: 0 },
      "can't be set": { ...good, unknownHost: { status: 404, headers: { 'X-A': 'a\r\nSet-Cookie: b' }, body: '' } },
      'bad subnet': { ...good, names: [{ bind: { host: '127.0.0.1', port: 53 }, subnet: '10.0.0.0', records: {} }] },
      'not a route table': { generation: 9 },
      EADDRNOTAVAIL: { ...good, listeners: [listener, { ...other, address: '192.0.2.1' }] },
    };
    for (const [reason, table] of Object.entries(bad)) {
      await expect(proxy.link.publish(table as typeof good, soon()), reason).rejects.toMatchObject({
        code: 'TABLE_REJECTED',
        message: expect.stringContaining(reason) as string,
      });
    }
    expect(await proxy.exchange(get('/', closing))).toContain('served');
  });

  it('is refused with PORT_TAKEN when somebody else listens there', async () => {
    await start();
    const squatter = createServer();
    await new Promise<void>((resolve) => {
      squatter.listen(0, '127.0.0.1', resolve);
    });
    const { port } = squatter.address() as AddressInfo;
    const table = proxy.table([upstream('b', appPort())]);
    const listeners = [
      ...table.listeners,
      { kind: 'http', id: 'taken', address: '127.0.0.1', port, routes: [] } as const,
    ];
    await expect(proxy.link.publish({ ...table, listeners }, soon())).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    expect(await proxy.exchange(get('/', closing))).toContain('served');
    expect(await proxy.link.inFlight(soon())).toEqual({ ['a' as ReplicaId]: 0 });
    squatter.close();
  });
});

describe('alone', () => {
  beforeEach(() => start());

  it('says what it needs when it is called wrongly', async () => {
    const refused = run(process.execPath, [program, 'run', '--http', 'nowhere']);
    await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('usage: ') as string });
  });
});

/** A proxy that was told to end may still be ending. */
const connectProxyWhenGone = async (stateFolder: string): ReturnType<typeof connectProxy> => {
  await expect.poll(() => stat(join(stateFolder, 'proxy.pid')).catch(() => undefined)).toBeUndefined();
  return await connectProxy({ stateFolder, program, signal: soon() });
};

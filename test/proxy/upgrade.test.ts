import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/model/index.ts';
import { connectProxy } from '../../src/traffic/index.ts';
import type { RawClient } from './rig.ts';
import { closing, get, host, program, soon, TestProxy, upstream } from './rig.ts';

const run = promisify(execFile);
let app: Server;
let proxy: TestProxy;
let finish: () => void = () => undefined;

beforeAll(async () => {
  app = createServer((request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n');
    } else if (request.url === '/begun') {
      response.write('first half');
      finish = () => response.end('second half');
    } else response.end('done');
  });
  app.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    app.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => {
  app.closeAllConnections();
  app.close();
});
afterEach(() => proxy.close());

const start = async (workers = 1): Promise<void> => {
  proxy = await TestProxy.start(workers);
  await proxy.publish([upstream('a', (app.address() as AddressInfo).port)]);
};

/** What the command says, once the workers of before have ended. */
const upgrade = async (within = '60'): Promise<string> => {
  const args = [program, 'upgrade', '--state', proxy.stateFolder, '--within', within];
  return (await run(process.execPath, args)).stdout;
};

/** Process ids that an upgrade names. */
const idsIn = (text: string): readonly string[] => text.match(/\d{2,}(?=[,)])/g) ?? [];

/** One request after the other; where the answer says that the connection ends, the next one goes over another. */
const load = async (stop: AbortSignal): Promise<{ answered: number; failures: string[]; reconnects: number }> => {
  const result = { answered: 0, failures: [] as string[], reconnects: 0 };
  let client = await proxy.client();
  while (!stop.aborted) {
    client.received = '';
    client.send(get());
    await client.until('done').catch((error: Error) => result.failures.push(error.message));
    if (client.received.startsWith('HTTP/1.1 200 OK')) result.answered += 1;
    else result.failures.push(client.received);
    if (!client.received.includes('Connection: close')) continue;
    client.socket.destroy();
    result.reconnects += 1;
    client = await proxy.client();
  }
  client.socket.destroy();
  return result;
};

describe('an upgrade of the workers', () => {
  it('loses no request at load, on new connections and on kept ones', async () => {
    await start(2);
    const stop = new AbortController();
    const clients = Array.from({ length: 12 }, () => load(stop.signal));
    const seen = new Set<string>();
    for (let turn = 0; turn < 3; turn += 1) for (const id of idsIn(await upgrade())) seen.add(id);
    stop.abort();
    const results = await Promise.all(clients);
    expect(results.flatMap(({ failures }) => failures)).toEqual([]);
    expect(results.reduce((sum, { answered }) => sum + answered, 0)).toBeGreaterThan(100);
    expect(results.every(({ reconnects }) => reconnects > 0)).toBe(true);
    expect(seen.size).toBe(8);
    expect(proxy.link.hello.pid).toBeGreaterThan(0);
    expect(await proxy.exchange(get('/', closing))).toContain('done');
  });

  it('after upgrade, as fast as wrk can ask, costs it nothing', { skip: !existsSync('/usr/bin/wrk') }, async () => {
    await start(2);
    const target = `http://127.0.0.1:${proxy.port}/`;
    const measured = run('wrk', ['-t1', '-c32', '-d6', '--timeout', '30s', '-H', `Host: ${host}`, target]);
    const isOver = measured.then(() => true);
    await upgrade();
    do await upgrade();
    while (!(await Promise.race([isOver, Promise.resolve(false)])));
    const { stdout } = await measured;
    expect(stdout).toMatch(/\d+ requests in/);
    expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
  });

  it('lets a request finish, answers once more on an idle connection, and ends streams by their kind', async () => {
    await start();
    const records: RequestRecord[] = [];
    proxy.link.onLedger((batch) => records.push(...batch));
    const [begun, idle, stream, socket] = await Promise.all([1, 2, 3, 4].map(() => proxy.client()));
    if (begun === undefined || idle === undefined || stream === undefined || socket === undefined) throw new Error();
    begun.send(get('/begun'));
    await begun.until('first half');
    idle.send(get());
    await idle.until('done');
    stream.send(get('/events'));
    await stream.until('data: 1');
    socket.send(`GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    await socket.until('\r\n\r\n');
    const upgraded = upgrade();
    await stream.until('retry: ');
    await stream.until('\r\n0\r\n\r\n');
    // Close, status 1012.
    await socket.until('\u0088\u0002\u0003\u00f4');
    socket.send('\u0088\u0082\0\0\0\0\u0003\u00f4');
    await socket.closed;
    idle.received = '';
    idle.send(get());
    await idle.until('done');
    expect(idle.received).toContain('Connection: close');
    stream.received = '';
    stream.send(get());
    await stream.until('done');
    expect(stream.received).toContain('Connection: close');
    finish();
    await begun.until('second half');
    begun.received = '';
    begun.send(get());
    await begun.until('done');
    expect(await upgraded).toContain('have ended');
    await expect.poll(() => records.map(({ path, outcome }) => `${path} ${outcome}`)).toContain('/ws ended-by-drain');
    expect(records.map(({ path, outcome }) => `${path} ${outcome}`)).toContain('/events ended-by-drain');
  });

  it('lets TCP connections last until they end by themselves; the command does not wait for them', async () => {
    const echo = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => {
      echo.listen(0, '127.0.0.1', resolve);
    });
    proxy = await TestProxy.start();
    const table = proxy.table([upstream('a', (echo.address() as AddressInfo).port)]);
    const listeners = [{ kind: 'tcp', id: 'tcp', address: '127.0.0.1', port: 0, pool: 'app' }] as const;
    const published = await proxy.link.publish({ ...table, listeners }, soon());
    proxy.port = published.listeners[0]?.port ?? 0;
    const session = await proxy.client();
    session.send('before ');
    await session.until('before ');
    const said = await upgrade('1');
    expect(said).toContain('1 TCP connection is left');
    const [, leaving = ''] = idsIn(said);
    // Beyond the time that requests would have got.
    await upgrade('1');
    session.send('after');
    await session.until('after');
    expect(await proxy.inFlight('a')).toBe(1);
    session.socket.end();
    expect(await session.closed).toBe('ended');
    await expect.poll(() => existsSync(`/proc/${leaving}`), { timeout: 15_000 }).toBe(false);
    echo.close();
  });

  it('cuts what is left at the end of the time, and records it', async () => {
    await start();
    const cut = new Promise<RequestRecord>((resolve) => {
      proxy.link.onLedger((batch) => {
        for (const record of batch) if (record.outcome === 'cut-by-drain') resolve(record);
      });
    });
    const begun = await proxy.client();
    begun.send(get('/begun'));
    await begun.until('first half');
    expect(await upgrade('1')).toContain('have ended');
    await begun.closed;
    expect(begun.received).not.toContain('0\r\n\r\n');
    expect(await cut).toMatchObject({ path: '/begun', status: 200 });
  });

  it('knows the newest table, and a switch that comes meanwhile reaches old and new workers', async () => {
    await start();
    const begun = await proxy.client();
    begun.send(get('/begun'));
    await begun.until('first half');
    const upgraded = upgrade();
    const idle = await proxy.client();
    await expect.poll(() => afterNextAnswer(idle)).toContain('Connection: close');
    const drained = proxy.drained('a');
    await proxy.publish([upstream('b', (app.address() as AddressInfo).port)]);
    expect(await proxy.exchange(get('/', closing))).toContain('done');
    expect(await proxy.inFlight('a')).toBe(1);
    finish();
    await drained;
    begun.send(get('/', closing));
    await begun.closed;
    await upgraded;
  });

  it('brings new code, or is refused and changes nothing when its workers do not come to serve', async () => {
    // A program of its own, which then breaks.
    const folder = await mkdtemp(join(tmpdir(), 'proxy-code-'));
    try {
      const source = fileURLToPath(new URL('../../src', import.meta.url));
      for (const room of ['bin', 'lib', 'model', 'protocol', 'proxy']) {
        await cp(join(source, room), join(folder, 'src', room), { recursive: true });
      }
      await symlink(join(source, '../node_modules'), join(folder, 'node_modules'));
      await writeFile(join(folder, 'package.json'), '{"type": "module"}');
      const stateFolder = await mkdtemp(join(tmpdir(), 'proxy-'));
      const own = join(folder, 'src/bin/proxy.ts');
      const link = await connectProxy({ stateFolder, program: own, signal: soon() });
      proxy = TestProxy.over(link, stateFolder);
      await proxy.publish([upstream('a', (app.address() as AddressInfo).port)]);
      const kept = await proxy.client();
      const messages = join(folder, 'src/proxy/messages.ts');
      const text = readFileSync(messages, 'utf8');
      await writeFile(messages, text.replace(/messagesVersion = \d+/, 'messagesVersion = 999'));
      await expect(upgrade()).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining('ended before it served') as string,
      });
      const log = readFileSync(join(stateFolder, 'proxy.log'), 'utf8');
      expect(log).toContain('speak version 999');
      expect(log).not.toContain('it is replaced');
      kept.send(get());
      await kept.until('done');
      expect(kept.received).not.toContain('Connection: close');
      await writeFile(messages, text);
      const refusals = join(folder, 'src/proxy/codec/request-head.ts');
      await writeFile(refusals, readFileSync(refusals, 'utf8').replace("'no Host'", "'says the new code'"));
      expect(await proxy.exchange('GET / HTTP/1.1\r\n\r\n')).toContain('no Host');
      const replaced = upgrade();
      await expect.poll(() => afterNextAnswer(kept)).toContain('Connection: close');
      expect(await replaced).toContain('have ended');
      expect(await proxy.exchange('GET / HTTP/1.1\r\n\r\n')).toContain('says the new code');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('says so when there is no proxy', async () => {
    await start();
    const args = [program, 'upgrade', '--state', join(proxy.stateFolder, 'nowhere')];
    await expect(run(process.execPath, args)).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no proxy answers') as string,
    });
  });
});

const afterNextAnswer = async (client: RawClient): Promise<string> => {
  client.received = '';
  client.send(get());
  await client.until('done');
  return client.received;
};

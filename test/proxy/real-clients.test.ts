import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { programNamed } from '../program-named.ts';
import { drainPolicy, host, soon, TestProxy, upstream } from './rig.ts';

const run = promisify(execFile);
const bodySize = 1_000_000;

/** Two versions of one application, alike but for the name that they say. */
const versions: { readonly server: Server; readonly sockets: WebSocketServer }[] = [];
let proxy: TestProxy;
let turn = 0;

beforeAll(async () => {
  for (const name of ['blue', 'green']) {
    const server = createServer((request, response) => void answer(name, request, response));
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    versions.push({ server, sockets });
  }
});
beforeAll(async () => {
  proxy = await TestProxy.start();
});
beforeEach(() => switchOver());
afterAll(async () => {
  await proxy.close();
  for (const { server, sockets } of versions) {
    sockets.close();
    server.closeAllConnections();
    server.close();
  }
});

const answer = async (name: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await buffer(request);
  response.setHeader('X-Version', name);
  switch (request.url) {
    case '/echo':
      response.end(body);
      return;
    case '/empty':
      response.writeHead(204).end();
      return;
    case '/chunks':
      for (let count = 0; count < 100; count += 1) response.write('0123456789');
      response.end();
      return;
    case '/events':
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (let count = 1; count <= 3; count += 1) response.write(`id: ${count}\ndata: event\n\n`);
      response.end();
      return;
    default:
      response.setHeader('Content-Length', 5).end('hello');
  }
};

const portOfTurn = (): number => {
  const version = versions[turn % 2];
  if (version === undefined) throw new Error('there are two versions');
  return (version.server.address() as AddressInfo).port;
};

/** The other version serves from now on; resolves when this is acknowledged. */
const switchOver = async (): Promise<string> => {
  turn += 1;
  const before = `r${turn - 1}`;
  await proxy.publish([upstream(`r${turn}`, portOfTurn())]);
  return before;
};

/** Switches now and then until the work is done. */
const whileSwitching = async <Result>(work: Promise<Result>): Promise<Result> => {
  const done = new AbortController();
  const settled = work.finally(() => done.abort());
  while (!done.signal.aborted) {
    await switchOver();
    await Promise.race([settled, delay(20)]);
  }
  return await settled;
};

const url = (path: string): string => `http://127.0.0.1:${proxy.port}${path}`;
const fields = { Host: host };

describe.skipIf(programNamed('curl') === undefined)('curl (left out where there is none)', () => {
  const curl = async (...args: string[]): Promise<string> =>
    (await run('curl', ['-sS', '--http1.1', '--max-time', '60', '-H', `Host: ${host}`, ...args])).stdout;

  it('keeps one connection for many requests', async () => {
    const paths = Array.from({ length: 50 }, () => url('/'));
    const answers = await curl(...paths, '-w', ' %{num_connects}\n');
    expect(answers.match(/hello 0/g)).toHaveLength(49);
  });

  it('uploads with a length, after asking whether it may, and in chunks', async () => {
    const data = ['--data-binary', 'x'.repeat(100_000)];
    expect(await curl(url('/echo'), ...data)).toHaveLength(100_000);
    expect(await curl(url('/echo'), ...data, '-H', 'Expect: 100-continue')).toHaveLength(100_000);
    expect(await curl(url('/echo'), ...data, '-H', 'Transfer-Encoding: chunked')).toHaveLength(100_000);
  });

  it('gets heads, chunks, events and answers without a body', async () => {
    expect(await curl('-I', url('/'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Content-Length: 5\r\n/);
    expect(await curl(url('/chunks'))).toHaveLength(1_000);
    expect(await curl('-N', url('/events'))).toBe('id: 1\ndata: event\n\nid: 2\ndata: event\n\nid: 3\ndata: event\n\n');
    expect(await curl('-w', '%{http_code}', url('/empty'))).toBe('204');
    expect(await curl('--http1.0', url('/chunks'))).toHaveLength(1_000);
  });
});

describe.skipIf(programNamed('wrk') === undefined)('wrk (left out where there is none)', () => {
  it('has no error over many switches', async () => {
    const args = ['-t1', '-c32', '-d2s', '--timeout', '60s', '-H', `Host: ${host}`, url('/')];
    const { stdout } = await whileSwitching(run('wrk', args));
    expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
    expect(Number(/(\d+) requests in/.exec(stdout)?.[1])).toBeGreaterThan(0);
  });
});

describe('undici and the fetch of Node', () => {
  it('lose nothing over many switches, on kept connections', async () => {
    const pool = new Pool(`http://127.0.0.1:${proxy.port}`, { connections: 16 });
    const one = async (): Promise<number> => {
      const { statusCode, body } = await pool.request({ path: '/echo', method: 'POST', headers: fields, body: 'data' });
      return (await body.text()) === 'data' ? statusCode : 0;
    };
    const all = Promise.all(Array.from({ length: 500 }, one));
    const statuses = await whileSwitching(all);
    expect(new Set(statuses)).toEqual(new Set([200]));
    await pool.close();
  });

  it('stream both ways', async () => {
    // fetch does not let anybody say Host: this table's route must do without.
    const table = proxy.table([upstream(`r${turn}`, portOfTurn())]);
    const [listener] = table.listeners;
    if (listener?.kind !== 'http') throw new Error('the table of the rig has one http listener');
    const routes = [{ host: '*', pathPrefix: '/', pool: 'app' }];
    await proxy.link.publish({ ...table, listeners: [{ ...listener, routes }] }, soon());
    const body = Readable.toWeb(Readable.from(Array.from({ length: 10 }, () => Buffer.alloc(bodySize / 10, 'y'))));
    const response = await fetch(url('/echo'), { method: 'POST', body, duplex: 'half' });
    expect((await response.arrayBuffer()).byteLength).toBe(bodySize);
    expect(await (await fetch(url('/chunks'))).text()).toHaveLength(1_000);
    expect((await fetch(url('/empty'))).status).toBe(204);
    expect((await fetch(url('/'), { method: 'HEAD' })).headers.get('content-length')).toBe('5');
  });
});

const pythonClient = `
import http.client, sys
port, host = int(sys.argv[1]), sys.argv[2]
c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
def ask(method, path, **more):
    c.request(method, path, headers={"Host": host}, **more)
    r = c.getresponse()
    return r.status, r.read()
for _ in range(200):
    assert ask("GET", "/") == (200, b"hello")
    assert ask("POST", "/echo", body=b"data") == (200, b"data")
assert ask("POST", "/echo", body=iter([b"a" * 1000] * 100), encode_chunked=False)[1] == b"a" * 100000
assert ask("GET", "/chunks")[1] == b"0123456789" * 100
assert ask("HEAD", "/") == (200, b"")
assert ask("GET", "/empty") == (204, b"")
print("all is well")
`;

describe.skipIf(programNamed('python3') === undefined)(
  "Python's http.client (left out where there is no Python)",
  () => {
    it('keeps its one connection over many switches', async () => {
      const asking = run('python3', ['-c', pythonClient, String(proxy.port), host], { timeout: 90_000 });
      expect((await whileSwitching(asking)).stdout).toBe('all is well\n');
    });
  },
);

describe('ws', () => {
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`, { headers: fields, perMessageDeflate: false });
    await once(socket, 'open');
    return socket;
  };
  const echo = async (socket: WebSocket, data: string | Buffer): Promise<unknown[]> => {
    socket.send(data);
    return await once(socket, 'message');
  };

  it('sends and gets text, octets and a message of many frames', async () => {
    const socket = await open();
    expect(String((await echo(socket, 'hello'))[0])).toBe('hello');
    expect((await echo(socket, Buffer.from([0, 1, 255])))[0]).toEqual(Buffer.from([0, 1, 255]));
    expect((await echo(socket, Buffer.alloc(bodySize, 7)))[0]).toHaveLength(bodySize);
    const answered = once(socket, 'pong');
    socket.ping('are you there');
    expect(String((await answered)[0])).toBe('are you there');
    socket.close(4_000, 'enough');
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason)]).toEqual([4_000, 'enough']);
  });

  it('goes on over a switch and is told to come again when its version is drained', async () => {
    const socket = await open();
    const before = await switchOver();
    expect(String((await echo(socket, 'still here'))[0])).toBe('still here');
    const closed = once(socket, 'close');
    await proxy.link.drain({ upstream: upstream(before, 1).id, policy: drainPolicy }, soon());
    expect((await closed)[0]).toBe(1_012);
    const again = await open();
    expect(String((await echo(again, 'hello again'))[0])).toBe('hello again');
    again.terminate();
  });
});

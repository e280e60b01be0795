import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { ReplicaId, RequestRecord } from '../../src/model/index.ts';
import { drainPolicy, get, host, soon, TestProxy, upstream } from './rig.ts';

let proxy: TestProxy;
const apps: Server[] = [];
/** Answers that the old version has begun, in the order of their requests. */
let open: ServerResponse[];
let records: RequestRecord[];
const old = 'old' as ReplicaId;

beforeEach(async () => {
  proxy = await TestProxy.start();
  open = [];
  records = [];
  proxy.link.onLedger((batch) => records.push(...batch));
});
afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.closeAllConnections();
    app.close();
  }
  await proxy.close();
});

const start = async (app: Server): Promise<number> => {
  apps.push(app);
  await new Promise<void>((resolve) => {
    app.listen(0, '127.0.0.1', resolve);
  });
  return (app.address() as AddressInfo).port;
};

const oldVersion = (): Promise<number> =>
  start(
    createServer((request, response) => {
      open.push(response);
      if (request.url === '/events') response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      if (request.url === '/events') response.write('id: 1\ndata: one\n\n');
    }),
  );
const newVersion = (): Promise<number> => start(createServer((_request, response) => response.end('new')));

/** Puts the new version in the place of the old one, which then drains. `empty` resolves when nothing is left on it. */
const replaceAndDrain = async (policy = drainPolicy): Promise<{ empty: Promise<void> }> => {
  const empty = proxy.drained('old');
  await proxy.publish([upstream('new', await newVersion())]);
  await proxy.link.drain({ upstream: old, policy }, soon());
  return { empty };
};

const stream = async (): Promise<Awaited<ReturnType<TestProxy['client']>>> => {
  const client = await proxy.client();
  client.send(get('/events'));
  await client.until('data: one\n\n');
  return client;
};

describe('requests', () => {
  it('finish on the old version while new ones go to the new one', async () => {
    await proxy.publish([upstream('old', await oldVersion())]);
    const slow = await proxy.client();
    slow.send(get('/slow'));
    await expect.poll(() => open.length).toBe(1);
    const drained = proxy.drained('old');
    await proxy.publish([upstream('new', await newVersion())]);
    await proxy.link.drain({ upstream: old, policy: drainPolicy }, soon());
    expect(await proxy.inFlight('old')).toBe(1);
    expect(await proxy.exchange(get('/', 'Connection: close\r\n'))).toContain('new');
    open[0]?.end('finished');
    await slow.until('finished');
    await drained;
    expect(await proxy.inFlight('old')).toBe(0);
    // The same connection goes on with the new version.
    slow.send(get('/next'));
    await slow.until('new');
  });

  it('are cut at the deadline: answered by the edge, or visibly incomplete', async () => {
    await proxy.publish([upstream('old', await oldVersion())]);
    const [waiting, streaming] = [await proxy.client(), await proxy.client()];
    waiting.send(get('/waiting'));
    await expect.poll(() => open.length).toBe(1);
    streaming.send(get('/streaming'));
    await expect.poll(() => open.length).toBe(2);
    open[1]?.write('half');
    await streaming.until('half');
    const drained = proxy.drained('old');
    await proxy.publish([upstream('new', await newVersion())]);
    await proxy.link.drain({ upstream: old, policy: { ...drainPolicy, timeoutSeconds: 0.2 } }, soon());
    await waiting.until('502');
    await streaming.closed;
    expect(streaming.received).not.toContain('0\r\n\r\n');
    await drained;
    await expect.poll(() => records.filter((record) => record.outcome === 'cut-by-drain').length).toBe(2);
  });

  it('are left to the application where the policy says none', async () => {
    await proxy.publish([upstream('old', await oldVersion())]);
    const slow = await proxy.client();
    slow.send(get('/slow'));
    await expect.poll(() => open.length).toBe(1);
    await proxy.publish([upstream('new', await newVersion())]);
    await proxy.link.drain({ upstream: old, policy: { ...drainPolicy, http: 'none', timeoutSeconds: 0 } }, soon());
    expect(await proxy.inFlight('old')).toBe(1);
    open[0]?.end('by itself');
    await slow.until('by itself');
  });
});

describe('event streams', () => {
  it('end between two events, with a hint when to come back, and the connection goes on', async () => {
    await proxy.publish([upstream('old', await oldVersion())]);
    const client = await stream();
    const { empty } = await replaceAndDrain();
    await client.until('0\r\n\r\n');
    expect(client.received).toMatch(/data: one\n\n\r\n[0-9a-f]+\r\nretry: \d+\n\n\r\n0\r\n\r\n$/);
    await empty;
    await expect.poll(() => records.map((record) => record.outcome)).toContain('ended-by-drain');
    client.send(get('/', 'Last-Event-ID: 1\r\n'));
    await client.until('new');
  });

  it('are not ended in the middle of an event, even when it comes in pieces', async () => {
    await proxy.publish([upstream('old', await oldVersion())]);
    const client = await stream();
    open[0]?.write('id: 2\ndata: tw');
    await client.until('data: tw');
    const { empty } = await replaceAndDrain();
    expect(await proxy.inFlight('old')).toBe(1);
    open[0]?.write('o\r\n\r\nid: 3\ndata: thr');
    await client.until('0\r\n\r\n');
    expect(client.received).toContain('o\r\n\r\n');
    expect(client.received).not.toContain('id: 3');
    await empty;
  });

  it('that only begin after the order end as well', async () => {
    const late = start(
      createServer((_request, response) => {
        open.push(response);
      }),
    );
    await proxy.publish([upstream('old', await late)]);
    const client = await proxy.client();
    client.send(get('/events'));
    await expect.poll(() => open.length).toBe(1);
    const { empty } = await replaceAndDrain();
    open[0]?.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' }).write('data: late\n\n');
    await client.until('0\r\n\r\n');
    await empty;
  });

  it('still end when a later table names the same replica again, and those that come to it then do not', async () => {
    const port = await oldVersion();
    await proxy.publish([upstream('old', port)]);
    const client = await stream();
    open[0]?.write('id: 2\ndata: tw');
    await client.until('data: tw');
    await replaceAndDrain();
    await proxy.publish([upstream('old', port)]);
    const fresh = await stream();
    open[0]?.write('o\n\n');
    await client.until('0\r\n\r\n');
    expect(client.received).toContain('retry: ');
    await expect.poll(() => proxy.inFlight('old')).toBe(1);
    open[1]?.write('id: 2\ndata: still here\n\n');
    await fresh.until('still here\n\n');
    expect(fresh.received).not.toContain('retry: ');
  });

  it('are spread over time when there are many', async () => {
    await proxy.publish([upstream('old', await oldVersion())]);
    const clients = await Promise.all(Array.from({ length: 40 }, stream));
    const ended: number[] = [];
    const began = performance.now();
    const { empty } = await replaceAndDrain();
    await Promise.all(
      clients.map(async (client) => {
        await client.until('0\r\n\r\n');
        ended.push(performance.now() - began);
      }),
    );
    await empty;
    expect(ended.at(-1)).toBeGreaterThan(400);
  });
});

describe('websockets', () => {
  it('get a Close frame with 1012 on both sides', async () => {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    const upstreamClosed = new Promise<number>((resolve) => {
      sockets.on('connection', (socket) => {
        socket.on('message', (message) => socket.send(message));
        socket.on('close', resolve);
      });
    });
    await proxy.publish([upstream('old', await start(server))]);
    const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/`, { headers: { Host: host } });
    const echoed = new Promise<number>((resolve) => client.on('message', (message: Buffer) => resolve(message.length)));
    const closed = new Promise<number>((resolve) => client.on('close', resolve));
    await new Promise((resolve) => client.once('open', resolve));
    client.send('x'.repeat(100_000));
    expect(await echoed).toBe(100_000);
    const drained = proxy.drained('old');
    await proxy.publish([upstream('new', await newVersion())]);
    expect(await proxy.inFlight('old')).toBe(1);
    await proxy.link.drain({ upstream: old, policy: drainPolicy }, soon());
    expect(await closed).toBe(1012);
    expect(await upstreamClosed).toBe(1012);
    await drained;
    sockets.close();
  });
});

/** What a Close frame with a mask says: its code. */
const closeCodeIn = (frame: string): number => {
  const octets = Buffer.from(frame, 'latin1');
  return ((octets[6] ?? 0) ^ (octets[2] ?? 0)) * 256 + ((octets[7] ?? 0) ^ (octets[3] ?? 0));
};

it('a WebSocket whose frames are half way through gets its Close behind them, on each side', async () => {
  const server = createServer();
  const upgraded = new Promise<Duplex>((resolve) => {
    server.on('upgrade', (_request, socket) => resolve(socket));
  });
  await proxy.publish([upstream('old', await start(server))]);
  const client = await proxy.client();
  client.send(get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
  const app = await upgraded;
  let reached = '';
  app.on('data', (chunk: Buffer) => (reached += chunk.toString('latin1')));
  app.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await client.until('\r\n\r\n');
  client.received = '';
  client.send('\x82\x84maskha');
  app.write('\x82\x04ha', 'latin1');
  await client.until('\x82\x04ha');
  await expect.poll(() => reached).toBe('\x82\x84maskha');
  const { empty } = await replaceAndDrain();
  expect([client.received, reached]).toEqual(['\x82\x04ha', '\x82\x84maskha']);
  client.send('lf');
  app.write('lf', 'latin1');
  await client.until('half\x88\x02\x03\xf4');
  await expect.poll(() => reached.length).toBe('\x82\x84maskhalf'.length + 8);
  expect(reached).toMatch(/^\x82\x84maskhalf\x88\x82/);
  expect(closeCodeIn(reached.slice(-8))).toBe(1012);
  await empty;
  app.destroy();
});

describe('cut', () => {
  it('closes what is left, connections without a request included', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/slow') open.push(response);
      else response.end('served');
    });
    await proxy.publish([upstream('old', await start(server))]);
    const client = await proxy.client();
    client.send(get());
    await client.until('served');
    client.send(get('/slow'));
    await expect.poll(() => open.length).toBe(1);
    const drained = proxy.drained('old');
    await proxy.publish([upstream('new', await newVersion())]);
    await proxy.link.cut(old, soon());
    await client.until('502');
    await drained;
    const closed = new Promise((resolve) => server.close(resolve));
    await closed; // resolves only when no connection is left
  });

  it('idle connections end as soon as their upstream leaves the table', async () => {
    const server = createServer((_request, response) => response.end('served'));
    await proxy.publish([upstream('old', await start(server))]);
    expect(await proxy.exchange(get('/', 'Connection: close\r\n'))).toContain('served');
    await proxy.publish([upstream('new', await newVersion())]);
    await expect.poll(() => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))).toBe(0);
  });
});

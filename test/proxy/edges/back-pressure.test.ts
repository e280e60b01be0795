import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryOfWorker, pour, steady, total } from '../pouring.ts';
import { get, host, upstream } from '../rig.ts';
import { EdgeProxy, routes, TcpServer } from './rig.ts';

const connections = 8;
/** Each is offered 60 MB. What the kernel takes of it for both of a connection's sockets is less. */
const mostPoured = connections * 40_000_000;
/** Of which the proxy itself has next to nothing: a read or two of each, and what is left of what went through before. */
const mostKept = 24_000_000;

let folder: string;
let edge: EdgeProxy;
let app: TcpServer;
let serve: (socket: Socket) => void;
const ending: (() => void)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'back-pressure-'));
  edge = await EdgeProxy.start();
  app = await TcpServer.start((socket) => serve(socket));
  const https = { kind: 'https', id: 'https', routes, certificates: [], authority: join(folder, 'ca') } as const;
  const http = { kind: 'http', id: 'http', routes } as const;
  await edge.publish([http, https, { kind: 'tcp', id: 'tcp', pool: 'app' }], [upstream('one', app.port)]);
});
afterEach(async () => {
  for (const end of ending.splice(0)) end();
  app.close();
  await edge.close();
  await rm(folder, { recursive: true, force: true });
});

const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const upgraded = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
/** A binary message of 65,532 octets with its head: the frames of a WebSocket, one after the other. */
const frame = Buffer.concat([Buffer.from([0x82, 126, 0xff, 0xfc]), Buffer.alloc(65_532)]);

const opened = async <Stream extends Duplex>(stream: Stream, event: string): Promise<Stream> => {
  ending.push(() => stream.destroy());
  stream.on('error', () => undefined);
  await once(stream, event);
  return stream;
};
const tcp = (listener: string): Promise<Socket> =>
  opened(connectTcp({ port: edge.port(listener), host: '127.0.0.1' }), 'connect');
const tls = (): Promise<Duplex> =>
  opened(
    connectTls({ port: edge.port('https'), host: '127.0.0.1', servername: host, rejectUnauthorized: false }),
    'secureConnect',
  );

/** So many streams of one connection. */
const streams = (method: 'GET' | 'POST'): readonly ClientHttp2Stream[] => {
  const session = connectHttp2(`https://127.0.0.1:${edge.port('https')}`, {
    servername: host,
    rejectUnauthorized: false,
  });
  ending.push(() => session.destroy());
  session.on('error', () => undefined);
  return Array.from({ length: connections }, () => {
    const stream = session.request(
      { ':method': method, ':authority': host, ':path': '/' },
      { endStream: method === 'GET' },
    );
    return stream.on('error', () => undefined).pause();
  });
};

const several = async <Item>(make: () => Promise<Item>): Promise<readonly Item[]> =>
  await Promise.all(Array.from({ length: connections }, make));

const open = {
  tcp: () => several(() => tcp('tcp')),
  websocket: () =>
    several(async () => {
      const socket = await tcp('http');
      socket.write(get('/', upgrade));
      await once(socket, 'readable');
      return socket;
    }),
};

/** Of what both sides were offered together. */
const expectHeldBack = async (counts: readonly (() => number)[], before: number): Promise<void> => {
  await expect.poll(() => counts.length).toBe(connections);
  await steady(() => total(counts), connections * 200_000);
  expect(total(counts)).toBeLessThan(mostPoured);
  expect(memoryOfWorker(edge.proxy.link.hello.pid) - before).toBeLessThan(mostKept);
};

/** Of a length that it never comes to. */
const pourResponse = (socket: Socket): (() => number) => {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
  return pour(socket);
};

describe.skipIf(!existsSync('/proc/self/smaps_rollup'))('whoever does not read holds back who writes to him', () => {
  const memory = (): number => memoryOfWorker(edge.proxy.link.hello.pid);

  it('over TCP, in both directions', async () => {
    const counts: (() => number)[] = [];
    serve = (socket) => void counts.push(pour(socket.pause()));
    const before = memory();
    const clients = await open.tcp();
    await expectHeldBack(counts, before);
    await expectHeldBack(
      clients.map((client) => pour(client.pause())),
      before,
    );
  });

  it('over WebSockets, in both directions', async () => {
    const counts: (() => number)[] = [];
    serve = (socket) => {
      socket.once('data', () => {
        socket.pause().write(upgraded);
        counts.push(pour(socket, frame));
      });
    };
    const before = memory();
    const clients = await open.websocket();
    await expectHeldBack(counts, before);
    await expectHeldBack(
      clients.map((client) => pour(client.pause(), frame)),
      before,
    );
  });

  it('over HTTP/2: the streams of one client', async () => {
    const counts: (() => number)[] = [];
    serve = (socket) => void socket.once('data', () => counts.push(pourResponse(socket)));
    const before = memory();
    streams('GET');
    await expectHeldBack(counts, before);
  });

  it('over HTTP/2: an application that takes no uploads', async () => {
    serve = (socket) => void socket.pause();
    const before = memory();
    await expectHeldBack(
      streams('POST').map((stream) => pour(stream)),
      before,
    );
  });

  it('over https, with HTTP/1.1', async () => {
    const counts: (() => number)[] = [];
    serve = (socket) => void socket.once('data', () => counts.push(pourResponse(socket)));
    const before = memory();
    for (const client of await several(tls)) client.pause().write(get());
    await expectHeldBack(counts, before);
  });
});

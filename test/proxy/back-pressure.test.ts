import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryOfWorker, pour, steady, total } from './pouring.ts';
import { get, host, RawClient, TestProxy, upstream } from './rig.ts';

const connections = 8;
/** Far more than one read and one copy of it, far less than what is sent. */
const mostPerConnection = 2_000_000;

let proxy: TestProxy;
let server: Server;
const sockets: Socket[] = [];
let serve: (socket: Socket) => void = () => undefined;

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  proxy = await TestProxy.start();
  await proxy.publish([upstream('one', (server.address() as AddressInfo).port)]);
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await proxy.close();
});

describe.skipIf(!existsSync('/proc/self/smaps_rollup'))('what the proxy itself keeps', () => {
  it('is next to nothing for clients that do not read', async () => {
    const counts: (() => number)[] = [];
    serve = (socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
        counts.push(pour(socket));
      });
    const before = memoryOfWorker(proxy.link.hello.pid);
    const clients = await Promise.all(Array.from({ length: connections }, () => proxy.client()));
    for (const client of clients) {
      client.socket.pause();
      client.send(get());
    }
    await steady(() => total(counts), connections * mostPerConnection);
    expect(memoryOfWorker(proxy.link.hello.pid) - before).toBeLessThan(connections * mostPerConnection);
    for (const client of clients) client.socket.destroy();
  });

  it('is next to nothing for upstreams that do not read', async () => {
    serve = (socket) => socket.pause();
    const before = memoryOfWorker(proxy.link.hello.pid);
    const clients = await Promise.all(Array.from({ length: connections }, () => RawClient.connect(proxy.port)));
    for (const client of clients) client.send(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000000\r\n\r\n`);
    const counts = clients.map((client) => pour(client.socket));
    await steady(() => total(counts), connections * mostPerConnection);
    expect(memoryOfWorker(proxy.link.hello.pid) - before).toBeLessThan(connections * mostPerConnection);
    for (const client of clients) client.socket.destroy();
  });
});

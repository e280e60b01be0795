import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, host, RawClient, TestProxy, upstream } from './rig.ts';

const connections = 8;
/** Far more than one read and one copy of it, far less than what is sent. */
const mostPerConnection = 2_000_000;
const most = 60_000_000;

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

/** Writes as fast as it is taken; tells how much that was. */
const pour = (socket: Socket): (() => number) => {
  let poured = 0;
  const piece = Buffer.alloc(65_536);
  const more = (): void => {
    do poured += piece.length;
    while (socket.write(piece) && poured < most);
  };
  socket.on('drain', more);
  more();
  return () => poured;
};

/** Memory of its own that the process which forwards has, in octets. */
const memoryOfWorker = (): number => {
  const isChild = (pid: string): boolean =>
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(proxy.link.hello.pid);
  const worker = readdirSync('/proc').find(
    (pid) => /^\d+$/.test(pid) && existsSync(`/proc/${pid}/stat`) && isChild(pid),
  );
  return Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync(`/proc/${worker}/smaps_rollup`, 'utf8'))?.[1]) * 1_024;
};

/** Once it is enough and does not grow any more. */
const steady = async (value: () => number, enough: number): Promise<void> => {
  await expect.poll(value).toBeGreaterThan(enough);
  for (let before = -1; before !== value();) {
    before = value();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

const total = (counts: readonly (() => number)[]): number => counts.reduce((sum, count) => sum + count(), 0);

describe.skipIf(!existsSync('/proc/self/smaps_rollup'))('what the proxy itself keeps', () => {
  it('is next to nothing for clients that do not read', async () => {
    const counts: (() => number)[] = [];
    serve = (socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
        counts.push(pour(socket));
      });
    const before = memoryOfWorker();
    const clients = await Promise.all(Array.from({ length: connections }, () => proxy.client()));
    for (const client of clients) {
      client.socket.pause();
      client.send(get());
    }
    await steady(() => total(counts), connections * mostPerConnection);
    expect(memoryOfWorker() - before).toBeLessThan(connections * mostPerConnection);
    for (const client of clients) client.socket.destroy();
  });

  it('is next to nothing for upstreams that do not read', async () => {
    serve = (socket) => socket.pause();
    const before = memoryOfWorker();
    const clients = await Promise.all(Array.from({ length: connections }, () => RawClient.connect(proxy.port)));
    for (const client of clients) client.send(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000000\r\n\r\n`);
    const counts = clients.map((client) => pour(client.socket));
    await steady(() => total(counts), connections * mostPerConnection);
    expect(memoryOfWorker() - before).toBeLessThan(connections * mostPerConnection);
    for (const client of clients) client.socket.destroy();
  });
});

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HttpClient } from '../../../src/rehearsal/client/http-client.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A client of a server that answers each request with exactly these bytes. */
const clientOf = async (answer: (socket: Socket) => void, host = '127.0.0.1'): Promise<HttpClient> => {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', () => answer(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const client = new HttpClient({ host, port: (server.address() as AddressInfo).port });
  cleanups.push(async () => {
    await client.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return client;
};

const get = { host: 'app.localhost', method: 'GET', path: '/' };
const writing =
  (text: string, end = true) =>
  (socket: Socket): void =>
    void (end ? socket.end(text) : socket.write(text));

test.each([
  [
    'a whole answer',
    writing('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine', false),
    { kind: 'answer', status: 200, body: 'fine' },
  ],
  [
    'an answer that ends with its connection',
    writing('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nfine'),
    { kind: 'answer', status: 200, body: 'fine' },
  ],
  [
    'an interim answer before the real one',
    writing('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n', false),
    { kind: 'answer', status: 204, body: '' },
  ],
  ['no answer', (socket: Socket): void => void socket.end(), { kind: 'broken', cause: 'reset' }],
  ['half a head', writing('HTTP/1.1 200 OK\r\ncontent-le'), { kind: 'broken', cause: 'reset' }],
  [
    'less than announced',
    writing('HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\nfine'),
    { kind: 'broken', cause: 'truncated' },
  ],
  [
    'chunks without an end',
    writing('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n'),
    { kind: 'broken', cause: 'truncated' },
  ],
  ['something that is no HTTP', writing('SSH-2.0-OpenSSH_9.6\r\n'), { kind: 'broken', cause: 'malformed' }],
  ['nothing at all', (): void => {}, { kind: 'broken', cause: 'timeout' }],
  [
    'a body that never ends',
    writing('HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\nfi', false),
    { kind: 'broken', cause: 'timeout' },
  ],
])('%s', async (_, answer, expected) => {
  const client = await clientOf(answer);
  expect(await client.request(get, 1500, true)).toEqual(expected);
});

test('IPv6 addresses can be asked too', async () => {
  const client = await clientOf(writing('HTTP/1.1 204 No Content\r\n\r\n'), '::1');
  expect(await client.request(get, 30_000)).toMatchObject({ status: 204 });
});

test('what is under way when the client is destroyed is told', async () => {
  const client = await clientOf(() => {});
  const answer = client.request(get, 30_000);
  await client.destroy();
  expect(await answer).toMatchObject({ kind: 'broken' });
  expect(await client.request(get, 30_000)).toMatchObject({ kind: 'broken' });
});

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readingIntoShared } from '../../../src/proxy/worker/read-buffer.ts';
import { readOctets } from '../../../src/proxy/worker/turn-end.ts';
import { SocketPair } from './socket-pair.ts';

let pair: SocketPair;
let sockets: Socket[];

beforeEach(async () => {
  pair = await SocketPair.open();
  sockets = [];
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  pair.close();
});

const reading = (accepted: Socket) => {
  const seen: { buffer: Buffer; text: string }[] = [];
  const socket = readingIntoShared(accepted, {
    hasUnread: false,
    read: (buffer, start, end) => {
      seen.push({ buffer, text: buffer.toString('latin1', start, end) });
      socket.emit('seen');
    },
  });
  sockets.push(socket);
  socket.resume();
  return { socket, seen };
};

it('reads an accepted connection into the one buffer, and writes back on it', async () => {
  const { socket, seen } = reading(pair.far);
  pair.near.write('first');
  await once(socket, 'seen');
  pair.near.write('second');
  await once(socket, 'seen');
  expect(seen).toEqual([
    { buffer: readOctets, text: 'first' },
    { buffer: readOctets, text: 'second' },
  ]);
  socket.write('back');
  const [answer] = await once(pair.near, 'data');
  expect(String(answer)).toBe('back');
});

it('says the end of a connection that it took over', async () => {
  const { socket } = reading(pair.far);
  pair.near.end();
  await once(socket, 'end');
  expect(socket.writable).toBe(true); // the other direction stays
});

it('takes a connection as it is where its handle can not be had', async () => {
  const { socket, seen } = reading(Object.assign(pair.far, { encrypted: true }));
  expect(socket).toBe(pair.far);
  pair.near.write('hello');
  await once(socket, 'seen');
  expect(seen.map(({ text }) => text)).toEqual(['hello']);
});

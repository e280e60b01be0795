import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/** Answers on UDP_PORT with the text it got and its RELEASE, and over HTTP on PORT: what `node -e` runs, or a file. */
export const udpEcho = `
const { createSocket } = require('node:dgram');
const { createServer } = require('node:http');
const { PORT, RELEASE, UDP_PORT } = process.env;
const socket = createSocket('udp4');
socket.on('message', (text, { port, address }) => socket.send(text + ' ' + RELEASE, port, address));
socket.bind(Number(UDP_PORT), () =>
  createServer((_request, response) => response.end(RELEASE)).listen(Number(PORT), () => console.log('listening')));
process.once('SIGTERM', () => process.exit(0));
`;

/** Asked again until somebody answers: datagrams may be lost while nobody listens. */
export const askUdp = async (port: number, text: string, limitMs = 60_000): Promise<string> => {
  const signal = AbortSignal.timeout(limitMs);
  const socket = createSocket('udp4');
  // What comes back from a port that nobody holds.
  socket.on('error', () => {});
  try {
    const answered = once(socket, 'message', { signal });
    const answer = answered.then(([message]) => String(message));
    while (!(await Promise.race([answer.then(() => true), wait(100, false)]))) socket.send(text, port, '127.0.0.1');
    return await answer;
  } finally {
    socket.close();
  }
};

/** Somebody else who holds the port. */
export const holdUdp = async (port: number): Promise<() => Promise<void>> => {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return async () => {
    socket.close();
    await once(socket, 'close');
  };
};

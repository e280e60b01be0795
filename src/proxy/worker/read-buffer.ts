import { Socket } from 'node:net';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';
import { readBuffer, takeAtTurnEnd } from './turn-end.ts';
import type { Reader } from './turn-end.ts';

/** What a server's socket keeps to itself, not documented; where it is missing the socket stays as it is. */
interface AcceptedSocket {
  _handle?: object | null;
  _server?: object | null;
}

/** The option of a socket that reads into the shared buffer, for `reader` to take at the turn's end. */
export const intoShared = (reader: Reader): OnReadOpts => ({
  buffer: readBuffer,
  callback: (length) => {
    takeAtTurnEnd(reader, length);
    return true;
  },
});

/**
 * An accepted connection that reads into the shared buffer instead of a new one per read. Node offers that (`onread`)
 * for sockets that one makes, so its handle moves to one.
 */
export const readingIntoShared = (accepted: Socket, reader: Reader): Socket => {
  const inner = accepted as unknown as AcceptedSocket;
  const handle = inner._handle;
  // Behind TLS the octets that matter come out of the stream only.
  if (typeof handle !== 'object' || handle === null || 'encrypted' in accepted) {
    accepted.on('data', (chunk: Buffer) => reader.read(chunk, 0, chunk.length));
    return accepted;
  }
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: intoShared(reader) };
  const socket = new Socket(options as SocketConstructorOpts);
  (socket as unknown as AcceptedSocket)._server = inner._server ?? null;
  inner._handle = null;
  inner._server = null;
  return socket;
};

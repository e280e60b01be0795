import type { Socket } from 'node:net';

/** Who is at the other end; an IPv4 address as such, also where the socket takes both kinds. Empty once it has gone. */
export const peerAddressOf = (socket: Pick<Socket, 'remoteAddress'>): string =>
  (socket.remoteAddress ?? '').replace(/^::ffff:/, '');

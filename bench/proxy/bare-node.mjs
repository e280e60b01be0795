// The least that forwarding costs on Node's sockets: looks at nothing, hands each read on to the one connection that belongs to
// it, at the end of the turn as ours does. What any proxy on these sockets costs beyond this it costs for what it does.
// Arguments: port, port of the origin.
import { connect, createServer, Socket } from 'node:net';

const [port, origin] = process.argv.slice(2).map(Number);
const mostText = 4_096;
const buffer = Buffer.allocUnsafeSlow(65_536);
const { WriteWrap, streamBaseState, kLastWriteWasAsync } = process.binding('stream_wrap');
let request = new WriteWrap();
const sockets = [];
/** Strings or buffers: a larger string costs more than a copy. */
const pieces = [];

createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (accepted) => {
  const upstream = connect({ port: origin, host: '127.0.0.1', noDelay: true, onread: readFor(() => client) });
  const handle = accepted._handle;
  const client = new Socket({ handle, allowHalfOpen: true, pauseOnCreate: true, onread: readFor(() => upstream) });
  client._server = accepted._server;
  accepted._handle = null;
  accepted._server = null;
  upstream.on('connect', () => client.resume());
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ]) {
    one.on('end', () => one.destroy());
    one.on('error', () => one.destroy());
    one.on('close', () => other.destroy());
  }
}).listen({ port, host: '127.0.0.1', backlog: 4_096 });

function readFor(otherSide) {
  return {
    buffer,
    callback: (length) => {
      if (sockets.length === 0) setImmediate(writeAll);
      sockets.push(otherSide());
      pieces.push(length > mostText ? Buffer.from(buffer.subarray(0, length)) : buffer.latin1Slice(0, length));
      return true;
    },
  };
}

function writeAll() {
  for (const [index, { _handle: handle }] of sockets.entries()) {
    if (handle === null) continue;
    const piece = pieces[index];
    if (typeof piece === 'string') handle.writeLatin1String(request, piece);
    else handle.writeBuffer(request, piece);
    if (streamBaseState[kLastWriteWasAsync] !== 1) continue;
    request.oncomplete = () => undefined;
    request.piece = piece; // not to be collected while it waits
    request = new WriteWrap();
  }
  sockets.length = 0;
  pieces.length = 0;
}

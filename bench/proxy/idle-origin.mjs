// An application for streams that stay open and say nothing: event streams, and WebSockets for those who ask for one.
// Argument: port.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

const event = 'data: hello\n\n';
const stream =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n' +
  `${event.length.toString(16)}\r\n${event}\r\n`;

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (chunk) => {
    const key = /^sec-websocket-key: *(\S+)/im.exec(chunk.toString('latin1'))?.[1];
    socket.write(key === undefined ? stream : accepted(key));
  });
});
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });

function accepted(key) {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

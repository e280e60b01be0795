// Many streams that stay open. Arguments: port, how many, sse|websocket. Says `open N` once all are, and holds them until
// its standard input ends.
import { connect } from 'node:net';

const [port, count] = process.argv.slice(2).map(Number);
const head = 'GET /stream HTTP/1.1\r\nHost: bench.localhost\r\n';
const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const isWebSocket = process.argv[4] === 'websocket';
const request = head + (isWebSocket ? upgrade : 'Accept: text/event-stream\r\n\r\n');
const begins = isWebSocket ? 'HTTP/1.1 101' : 'HTTP/1.1 200';
const mostAtOnce = 100;
let begun = 0;
let opened = 0;
let failed = 0;

for (let at = 0; at < Math.min(mostAtOnce, count); at += 1) next();
process.stdin.on('end', () => process.exit(0)).resume();

function next() {
  if (begun === count) return;
  begun += 1;
  const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request));
  let isOpen = false;
  let text = '';
  socket.on('data', (chunk) => {
    if (isOpen) return;
    text += chunk.toString('latin1');
    if (!isWebSocket && !text.includes('hello')) return;
    isOpen = true;
    settle(text.startsWith(begins));
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    if (!isOpen) settle(false);
    isOpen = true;
  });
}

function settle(isGood) {
  if (isGood) opened += 1;
  else failed += 1;
  if (opened + failed === count) process.stdout.write(`open ${opened}\n`);
  else next();
}

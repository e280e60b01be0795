// Requests one after the other on each connection until standard input ends. Arguments: port, connections. Prints what
// became of them. A connection that is closed between two requests is simply made anew; one that is closed on a request
// without an answer is a failed request, as for a client that must not repeat what it sent.
import { connect } from 'node:net';

const [port, connections] = process.argv.slice(2).map(Number);
const request = 'GET / HTTP/1.1\r\nHost: bench.localhost\r\n\r\n';
const causes = {};
const latencies = [];
let ok = 0;
let failed = 0;
let open = 0;
let isEnding = false;

for (let count = 0; count < connections; count += 1) next();
process.stdin.on('end', finish).resume();

function next() {
  open += 1;
  let text = '';
  let sentAt = -1;
  let isUsed = false;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }, send);
  socket.setEncoding('latin1');
  socket.on('data', (more) => {
    text = text === '' ? more : text + more;
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (text.length < end + 4 + length) return;
    settle(text.slice(9, 12));
    const closes = /\r\nconnection: *close/i.test(text.slice(0, end));
    text = '';
    if (closes || isEnding) socket.destroy();
    else send();
  });
  socket.on('error', (error) => {
    if (sentAt >= 0 || !isUsed) fail(error.code);
    sentAt = -1;
    socket.destroy();
  });
  socket.on('close', () => {
    if (sentAt >= 0) fail('closed without an answer');
    sentAt = -1;
    open -= 1;
    if (!isEnding) setImmediate(next);
    else if (open === 0) report();
  });

  function send() {
    isUsed = true;
    sentAt = performance.now();
    socket.write(request);
  }

  function settle(status) {
    latencies.push(performance.now() - sentAt);
    sentAt = -1;
    if (status === '200') ok += 1;
    else fail(`status ${status}`);
  }
}

function fail(cause) {
  failed += 1;
  causes[cause] = (causes[cause] ?? 0) + 1;
}

function finish() {
  isEnding = true;
  setTimeout(report, 3_000).unref();
}

function report() {
  const sorted = Float64Array.from(latencies).toSorted();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  const result = { ok, failed, causes, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}

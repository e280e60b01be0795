// Requests at a constant rate, however long the answers take. Arguments: port, requests a second, seconds, connections.
// Every millisecond what is due is sent, or waits for a connection to become free; its time counts from when it was due,
// so a proxy that stands still pays for every request that it held up. Prints the result as JSON.
import { connect } from 'node:net';

const [port, rate, seconds, connections] = process.argv.slice(2).map(Number);
const request = Buffer.from(`GET / HTTP/1.1\r\nHost: bench.localhost\r\n\r\n`);
const most = rate * seconds;
/** Milliseconds; the first second only warms up. */
const latencies = new Float64Array(most);
let measured = 0;
let failed = 0;
const waiting = [];
const idle = [];
const begun = performance.now() + 200;
const measuredFrom = begun + 1_000;
const end = measuredFrom + seconds * 1_000;
let sent = 0;

for (let count = 0; count < connections; count += 1) open();
setTimeout(tick, 200);

function open() {
  const client = { socket: undefined, dueAt: -1, text: '', length: -1 };
  client.socket = connect({ port, host: '127.0.0.1', noDelay: true });
  client.socket.setEncoding('latin1');
  client.socket.on('connect', () => free(client));
  client.socket.on('data', (text) => received(client, text));
  client.socket.on('error', () => client.socket.destroy());
  client.socket.on('close', () => {
    const place = idle.indexOf(client);
    if (place >= 0) idle.splice(place, 1);
    if (client.dueAt >= 0) failed += 1;
    if (performance.now() < end) open();
  });
}

function tick() {
  const now = performance.now();
  const due = Math.min(Math.floor(((now - begun) / 1_000) * rate), rate * (seconds + 1));
  for (; sent < due; sent += 1) {
    const client = idle.pop();
    if (client === undefined) waiting.push(now);
    else send(client, now);
  }
  if (now < end) setTimeout(tick, 1);
  else setTimeout(finish, 200);
}

function send(client, dueAt) {
  client.dueAt = dueAt;
  client.socket.write(request);
}

function received(client, text) {
  client.text = client.text === '' ? text : client.text + text;
  const headEnd = client.text.indexOf('\r\n\r\n');
  if (headEnd < 0) return;
  // Every answer of this origin has the same six octets.
  if (client.text.length < headEnd + 10) return;
  if (!client.text.startsWith('HTTP/1.1 200 ')) failed += 1;
  else if (client.dueAt >= measuredFrom && measured < most) latencies[measured++] = performance.now() - client.dueAt;
  client.text = '';
  free(client);
}

function free(client) {
  client.dueAt = -1;
  const dueAt = waiting.shift();
  if (dueAt === undefined) idle.push(client);
  else send(client, dueAt);
}

function finish() {
  const sorted = latencies.subarray(0, measured).toSorted();
  const at = (part) => sorted[Math.min(measured - 1, Math.floor(measured * part))] ?? 0;
  const result = {
    measured,
    failed,
    unanswered: waiting.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: at(1),
  };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}

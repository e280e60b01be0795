// An open-loop client for one URL: so many requests a second, each on time whether or not earlier ones have ended.
//   node load.mjs URL HOST RATE RELEASE
// Prints {"answers":true} after the first good answer, {"switchedAt":ms} when RELEASE first answers, and its counts at SIGTERM.
// Plain JavaScript without dependencies, as it also runs inside a container.
import { Agent, request } from 'node:http';

const [url, host, rate, release] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const failures = {};
let sent = 0;
let failed = 0;
let pending = 0;
let stopping = false;
let answered = false;
let switchedAt;
let failingSince;
let longestOutageMs = 0;

// Whoever started it may be killed before it says stop: nobody is left to be told then.
const startedBy = process.ppid;
setInterval(() => {
  if (process.ppid !== startedBy) process.exit(1);
}, 1000).unref();

const begun = Date.now();
const timer = setInterval(() => {
  const due = Math.floor(((Date.now() - begun) / 1000) * Number(rate));
  while (sent < due) send();
}, 2);

process.once('SIGTERM', () => {
  stopping = true;
  clearInterval(timer);
  finish();
});

function send() {
  sent += 1;
  pending += 1;
  const at = Date.now();
  let done = false;
  const end = (cause, answeredBy) => {
    if (done) return;
    done = true;
    pending -= 1;
    if (cause === undefined) succeed(at, answeredBy);
    else fail(at, cause);
    finish();
  };
  const call = request(url, { agent, headers: { host }, timeout: 10_000 }, (response) => {
    response.on('error', () => end('truncated'));
    response.on('close', () => end(response.complete ? undefined : 'truncated', response.headers['x-release']));
    response.resume();
    if (response.statusCode !== 200) end(String(response.statusCode));
  });
  call.on('timeout', () => call.destroy(new Error('timeout')));
  call.on('error', (error) => end(error.code ?? error.message));
  call.end();
}

function succeed(at, answeredBy) {
  if (!answered) say({ answers: true });
  answered = true;
  if (failingSince !== undefined) longestOutageMs = Math.max(longestOutageMs, at - failingSince);
  failingSince = undefined;
  if (switchedAt === undefined && answeredBy === release) {
    switchedAt = Date.now();
    say({ switchedAt });
  }
}

function fail(at, cause) {
  failed += 1;
  failures[cause] = (failures[cause] ?? 0) + 1;
  failingSince ??= at;
}

function finish() {
  if (!stopping || pending > 0) return;
  say({ sent, failed, failures, longestOutageMs });
  process.exit(0);
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

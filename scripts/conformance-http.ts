// `node scripts/conformance-http.ts --runner FILE`: this proxy under a conformance runner that plays client and upstream, with
// everything that it can ask for switched on: two upstreams, a body limit, short timeouts. Further arguments go to the runner.
// The runner takes --proxy, --host, --upstream-port, --upstream2-port, --t-head, --t-body, --t-idle, --t-upstream, --max-body
// and --max-body-host; routes under --host: /b goes to the second upstream, /b/deep and two.HOST as its cases want them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { endPointsman, soon, startPointsman, upstreamOn } from '../bench/proxy/pointsman.ts';
import { freePort } from '../bench/proxy/process.ts';
import type { RouteTable } from '../src/model/index.ts';

const { values, positionals } = parseArgs({
  options: { runner: { type: 'string' } },
  allowPositionals: true,
  strict: false,
});
if (typeof values.runner !== 'string') throw new Error('--runner FILE is needed: a program for Node');
const host = 'proxy.test';
const seconds = { head: 3, body: 3, idle: 4, upstream: 4 };
const maxBody = 65_536;

const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
const [first, second] = [await freePort(), await freePort()];
const link = await startPointsman(folder);
try {
  const { listeners } = await link.publish(table(), soon());
  const told = {
    '--proxy': `127.0.0.1:${listeners[0]?.port ?? 0}`,
    '--host': host,
    '--upstream-port': first,
    '--upstream2-port': second,
    '--t-head': seconds.head,
    '--t-body': seconds.body,
    '--t-idle': seconds.idle,
    '--t-upstream': seconds.upstream,
    '--max-body': maxBody,
    '--max-body-host': `max.${host}`,
  };
  const args = [values.runner, ...Object.entries(told).flat().map(String), '--fails', ...positionals];
  const { exitCode } = await execa(process.execPath, args, { stdio: 'inherit', reject: false, timeout: 900_000 });
  process.exitCode = exitCode ?? 1;
} finally {
  await endPointsman(link);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

function table(): RouteTable {
  const edge = {
    noUpstream: { status: 502, headers: {}, body: 'the application did not answer\n' },
    unknownHost: { status: 404, headers: {}, body: 'no route\n' },
    balance: 'round-robin',
    dial: { attempts: 3, timeoutMs: 5_000 },
    repeat: 'any',
    hold: { seconds: 0, maxRequests: 0 },
    limits: { responseSeconds: seconds.upstream },
  } as const;
  const routes = [
    { host, pathPrefix: '/', pool: 'first' },
    { host, pathPrefix: '/b', pool: 'second' },
    { host, pathPrefix: '/b/deep', pool: 'first' },
    { host: `two.${host}`, pathPrefix: '/', pool: 'second' },
    { host: `max.${host}`, pathPrefix: '/', pool: 'limited' },
  ];
  const limits = { headSeconds: seconds.head, bodySeconds: seconds.body, idleSeconds: seconds.idle };
  return {
    generation: 1,
    listeners: [{ kind: 'http', id: 'http', address: '127.0.0.1', port: 0, routes, limits }],
    pools: [
      { id: 'first', edge, upstreams: [upstreamOn(first, 'first')] },
      { id: 'second', edge, upstreams: [upstreamOn(second, 'second')] },
      { id: 'limited', edge: { ...edge, limits: { bodyBytes: maxBody } }, upstreams: [upstreamOn(first, 'limited')] },
    ],
    names: [],
    unknownHost: edge.unknownHost,
  };
}

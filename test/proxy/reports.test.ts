import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Listener, ProxyReports, RequestRecord, TrafficSplit } from '../../src/model/index.ts';
import { freePort } from '../free-port.ts';
import { closing, get, host, ok, program, RawClient, RawUpstream, soon, TestProxy, upstream } from './rig.ts';

let proxy: TestProxy;
let app: RawUpstream;

beforeEach(async () => {
  proxy = await TestProxy.start(2);
  app = await RawUpstream.start((socket, text) => {
    if (text.includes('/broken')) socket.write('HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n');
    else if (text.includes('/reset')) socket.resetAndDestroy();
    else if (text.includes('/half')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    else if (!text.includes('/silent')) socket.write(ok('served'));
  });
});
afterEach(async () => {
  app.close();
  await proxy.close();
});

const publish = async (reports: ProxyReports, upstreams = [upstream('a', app.port)]): Promise<void> => {
  const { listeners } = await proxy.link.publish({ ...proxy.table(upstreams), reports }, soon());
  proxy.port = listeners[0]?.port ?? 0;
};

const metricsAt = async (port: number): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.headers.get('content-type')).toContain('version=0.0.4');
  return await response.text();
};

describe('metrics', () => {
  it('count requests of all workers per pool and revision, by outcome and status, and what is in flight', async () => {
    const port = await freePort();
    await publish({ metrics: { host: '127.0.0.1', port } });
    for (let count = 0; count < 10; count += 1) await proxy.exchange(get('/', closing));
    await proxy.exchange(get('/broken', closing));
    await proxy.exchange(get('/', closing).replace(host, 'elsewhere.localhost'));
    const silent = await proxy.client();
    silent.send(get('/silent'));
    const lines = [
      'pointsman_proxy_requests_total{pool="app",revision="1",route="app.localhost/",outcome="ok",status="200"} 10\n',
      'pointsman_proxy_requests_total{pool="app",revision="1",route="app.localhost/",outcome="app-error",status="500"} 1\n',
      'pointsman_proxy_requests_total{pool="",revision="",route="",outcome="unknown-host",status="404"} 1\n',
      'pointsman_proxy_request_duration_seconds_count{pool="app",revision="1",route="app.localhost/"} 11\n',
      'pointsman_proxy_request_duration_seconds_bucket{pool="app",revision="1",route="app.localhost/",le="+Inf"} 11\n',
      'pointsman_proxy_request_first_byte_seconds_count{pool="app",revision="1",route="app.localhost/"} 11\n',
      'pointsman_proxy_request_first_byte_seconds_bucket{pool="app",revision="1",route="app.localhost/",le="+Inf"} 11\n',
      'pointsman_proxy_response_bytes_total{pool="app",revision="1",route="app.localhost/"} 60\n',
      'pointsman_proxy_in_flight_requests{replica="a"} 1\n',
      'pointsman_proxy_records_dropped_total 0\n',
      'pointsman_proxy_table_generation 1\n',
      'pointsman_proxy_workers 2\n',
    ];
    await expect.poll(() => metricsAt(port).then((text) => lines.filter((line) => !text.includes(line)))).toEqual([]);
    // Nobody sent an octet of what was never answered by an upstream.
    expect(await metricsAt(port)).not.toContain('first_byte_seconds_count{pool=""');
    silent.socket.destroy();
    // Without it in the table nobody listens there any more.
    await publish({});
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow('fetch failed');
  });

  it('count against a version what it took no connection for and another one answered', async () => {
    const port = await freePort();
    const table = proxy.table([upstream('old', app.port), { ...upstream('new', await freePort()), revision: 2 }]);
    const shares = [
      { revision: 1, percent: 100 },
      { revision: 2, percent: 0 },
    ];
    const split: TrafficSplit = { shares, matches: [{ by: 'header', name: 'x-new', revision: 2 }] };
    const pools = table.pools.map((pool) => ({ ...pool, split }));
    const reports = { metrics: { host: '127.0.0.1', port } };
    const { listeners } = await proxy.link.publish({ ...table, pools, reports }, soon());
    proxy.port = listeners[0]?.port ?? 0;
    for (const more of ['', 'X-New: 1\r\n', 'X-New: 1\r\n'])
      expect(await proxy.exchange(get('/', closing + more))).toContain('served');
    const lines = [
      'pointsman_proxy_requests_total{pool="app",revision="1",route="app.localhost/",outcome="ok",status="200"} 3\n',
      'pointsman_proxy_passed_over_total{pool="app",revision="2"} 2\n',
    ];
    await expect.poll(() => metricsAt(port).then((text) => lines.filter((line) => !text.includes(line)))).toEqual([]);
    expect(await metricsAt(port)).not.toContain('passed_over_total{pool="app",revision="1"}');
  });

  it('on an address that is taken refuse the table whole', async () => {
    await publish({});
    const { port } = proxy;
    await expect(publish({ metrics: { host: '127.0.0.1', port } })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    await expect(publish({ accessLog: 'relative.log' })).rejects.toMatchObject({ code: 'TABLE_REJECTED' });
    expect(await proxy.exchange(get('/', closing))).toContain('served');
  });
});

const lines = (path: string): readonly Record<string, unknown>[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    : [];

describe('the access log', () => {
  it('has a line of JSON per request, is kept private, and goes on in a new file once it was moved away', async () => {
    const path = join(proxy.stateFolder, 'access.log');
    await publish({ accessLog: path });
    await proxy.exchange(get('/first?x=1', closing));
    await expect.poll(() => lines(path)).toHaveLength(1);
    expect(lines(path)[0]).toMatchObject({
      pool: 'app',
      revision: 1,
      replica: 'a',
      method: 'GET',
      path: '/first',
      status: 200,
      outcome: 'ok',
    });
    expect(lines(path)[0]).toMatchObject({ client: '127.0.0.1', host });
    expect(Date.parse(String(lines(path)[0]?.['at']))).toBeGreaterThan(Date.now() - 60_000);
    expect(statSync(path).mode & 0o007).toBe(0);
    renameSync(path, `${path}.1`);
    process.kill(proxy.link.hello.pid, 'SIGUSR2');
    await expect.poll(() => existsSync(path)).toBe(true);
    await proxy.exchange(get('/second', closing));
    await expect.poll(() => lines(path)).toMatchObject([{ path: '/second' }]);
    expect(lines(`${path}.1`)).toHaveLength(1);
  });
});

describe('what never becomes a request', () => {
  it('is counted by its reason, and in the access log with whose it was', async () => {
    const path = join(proxy.stateFolder, 'access.log');
    const port = await freePort();
    await publish({ accessLog: path, metrics: { host: '127.0.0.1', port } });
    const before = await metricsAt(port);
    expect(before).not.toContain('pointsman_proxy_refusals_total{');
    expect(await proxy.exchange('GET /bad HTTP/1.1\r\n\r\n')).toContain('HTTP/1.1 400 ');
    expect(await proxy.exchange(`GET /old HTTP/3.0\r\nHost: ${host}\r\n\r\n`)).toContain('HTTP/1.1 505 ');
    expect(await proxy.exchange(get('/', `X: ${'x'.repeat(70_000)}\r\n`))).toContain('HTTP/1.1 431 ');
    const counted = (text: string): readonly string[] =>
      [...text.matchAll(/refusals_total\{status="(\d+)",reason="[^"]+"\} 1\n/g)].map(([, status]) => status ?? '');
    await expect.poll(async () => counted(await metricsAt(port)).toSorted()).toEqual(['400', '431', '505']);
    expect(await metricsAt(port)).not.toContain('outcome="bad-request"');
    await expect
      .poll(() => lines(path))
      .toContainEqual(
        expect.objectContaining({
          client: '127.0.0.1',
          status: 431,
          outcome: 'bad-request',
          reason: 'head too long',
        }),
      );
  });
});

describe('a proxy that runs alone', () => {
  it('takes limits, metrics and an access log from its command line', async () => {
    const [http, metrics] = [await freePort(), await freePort()];
    const route = `app.localhost=127.0.0.1:${app.port}`;
    const more = ['--max-body', '3', '--metrics', `127.0.0.1:${metrics}`, '--access-log', '-'];
    const own = spawn(process.execPath, [program, 'run', '--http', `127.0.0.1:${http}`, '--route', route, ...more]);
    try {
      let output = '';
      own.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await expect.poll(() => output).toContain('listening on');
      const client = await RawClient.connect(http);
      client.send(`POST /large HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\n\r\nfour`);
      await client.until('HTTP/1.1 413 ');
      client.socket.destroy();
      await expect.poll(() => output).toContain('"path":"/large"');
      expect(await metricsAt(metrics)).toContain('outcome="too-large",status="413"} 1\n');
    } finally {
      own.kill();
      await once(own, 'exit');
    }
  });
});

describe('an access log on standard output', () => {
  const long = `/${'x'.repeat(30_000)}`;
  /** Far more than what may wait, and what a pipe takes beside it. */
  const requests = 1_200;

  it('that nobody reads holds a limited number of lines and then says how many it dropped; closing it ends nothing', async () => {
    const http = await freePort();
    const route = `${host}=127.0.0.1:${app.port}`;
    const edges = ['--http', `127.0.0.1:${http}`, '--route', route, '--access-log', '-'];
    const own = spawn(process.execPath, [program, 'run', ...edges]);
    try {
      let complaints = '';
      own.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
      await once(own.stdout, 'readable'); // it listens
      const client = await RawClient.connect(http);
      const served = async (count: number): Promise<void> => {
        for (let number = 0; number < count; number += 1) {
          client.received = '';
          client.send(get(long));
          await client.until('served');
        }
      };
      await served(requests);
      const log = createInterface(own.stdout);
      const found = { lines: 0, dropped: 0 };
      log.on('line', (line) => {
        if (line.startsWith('{"dropped"')) found.dropped += Number(/\d+/.exec(line)?.[0]);
        else if (line.startsWith('{')) found.lines += 1;
      });
      await expect.poll(() => found.lines + found.dropped).toBe(requests);
      expect(found.dropped).toBeGreaterThan(0);
      expect(found.lines * long.length).toBeGreaterThan(8_000_000);
      own.stdout.destroy();
      await served(1);
      await expect.poll(() => complaints).toContain('access log -: ');
      await served(1);
      client.socket.destroy();
    } finally {
      own.kill();
      await once(own, 'exit');
    }
  });
});

const chunkedStart = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n';

describe('the ledger', () => {
  it('says which route led a request on, and how long its first octet took', async () => {
    const records: RequestRecord[] = [];
    proxy.link.onLedger((batch) => records.push(...batch));
    const slow = await RawUpstream.start((socket) => void setTimeout(() => socket.write(chunkedStart), 60));
    const table = proxy.table([upstream('slow', slow.port)]);
    const [listener] = table.listeners;
    const routes = ['/', '/api'].map((pathPrefix) => ({ host, pathPrefix, pool: 'app' }));
    const { listeners } = await proxy.link.publish(
      { ...table, listeners: [{ ...listener, routes } as Listener] },
      soon(),
    );
    proxy.port = listeners[0]?.port ?? 0;
    const client = await proxy.client();
    client.send(get('/api/x'));
    await client.until('first');
    await new Promise((resolve) => setTimeout(resolve, 60));
    slow.sockets.at(-1)?.write('0\r\n\r\n');
    await client.until('0\r\n\r\n');
    client.socket.destroy();
    await proxy.exchange(`GET / HTTP/1.1\r\nHost: elsewhere.localhost\r\n${closing}\r\n`);
    await expect.poll(() => records.length).toBe(2);
    expect(records.map(({ route }) => route)).toEqual([`${host}/api`, undefined]);
    const [{ firstByteMs = 0, durationMs } = { durationMs: 0 }, unknown] = records;
    expect(firstByteMs).toBeGreaterThanOrEqual(59);
    expect(durationMs - firstByteMs).toBeGreaterThanOrEqual(58);
    expect(unknown?.firstByteMs).toBeUndefined();
    slow.close();
  });

  it('says of each request how it ended, and why', async () => {
    const records: RequestRecord[] = [];
    proxy.link.onLedger((batch) => records.push(...batch));
    await publish({});
    await proxy.exchange(get('/fine', closing));
    await proxy.exchange(get('/broken', closing));
    await proxy.exchange(get('/reset', closing));
    await proxy.exchange(get('/half', closing));
    const leaving = await proxy.client();
    leaving.send(get('/silent-client'));
    await app.until(() => app.all.includes('/silent-client'));
    leaving.socket.resetAndDestroy();
    const cut = await proxy.client();
    cut.send(get('/silent-cut'));
    await app.until(() => app.all.includes('/silent-cut'));
    await publish({}, [upstream('b', await freePort())]);
    await proxy.link.cut(upstream('a', 1).id, soon());
    await cut.until('502');
    await proxy.exchange(get('/refused', closing));
    await publish({}, []);
    await proxy.exchange(get('/nobody', closing));
    await proxy.exchange('GET /bad HTTP/1.1\r\n\r\n');
    const ended = (): readonly string[] => records.map(({ path, outcome, status }) => `${path} ${outcome} ${status}`);
    const expected = [
      '/fine ok 200',
      '/broken app-error 500',
      '/reset reset 502',
      '/half truncated 200',
      '/silent-client client-gone 0',
      '/silent-cut cut-by-drain 502',
      '/refused refused 502',
      '/nobody no-upstream 502',
    ];
    await expect.poll(() => expected.filter((line) => !ended().includes(line))).toEqual([]);
  });
});

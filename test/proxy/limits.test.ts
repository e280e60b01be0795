import { execFile } from 'node:child_process';
import type { PromiseWithChild } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionLimits, RequestLimits, RequestOutcome } from '../../src/model/index.ts';
import { programNamed } from '../program-named.ts';
import { closing, get, host, ok, RawClient, RawUpstream, soon, TestProxy, upstream } from './rig.ts';

let proxy: TestProxy;
let app: RawUpstream;
const outcomes: RequestOutcome[] = [];
/** More than kernels keep on their way. */
const large = Buffer.from(ok('x'.repeat(20_000_000)));
/** Connections of each attack. */
const attackers = 50;

beforeEach(async () => {
  outcomes.length = 0;
  proxy = await TestProxy.start();
  proxy.link.onLedger((records) => outcomes.push(...Array.from(records, ({ outcome }) => outcome)));
  app = await RawUpstream.start((socket: Socket, text, connection) => {
    if (text.includes('/silent') || app.received[connection]?.includes('/drip') === true) return;
    if (text.includes('/websocket'))
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    else if (text.includes('/large')) socket.write(large);
    else if (text.includes('/stream')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbeg');
    else socket.write(ok('served'));
  });
});
afterEach(async () => {
  app.close();
  await proxy.close();
});

const publish = async (limits: ConnectionLimits, requests: RequestLimits = {}, name = host): Promise<void> => {
  const table = proxy.table([upstream('a', app.port)], { limits: requests });
  const routes = [{ host: name, pathPrefix: '/', pool: 'app' }];
  const listeners = table.listeners.map((listener) => ({ ...listener, limits, routes }));
  const published = await proxy.link.publish({ ...table, listeners }, soon());
  proxy.port = published.listeners[0]?.port ?? 0;
};

/** Process ids. */
const workersOf = (master: number): readonly number[] =>
  readdirSync(`/proc/${master}/task`)
    .flatMap((task) => readFileSync(`/proc/${master}/task/${task}/children`, 'utf8').split(' '))
    .filter((id) => id.trim() !== '')
    .map(Number);

const post = (body: string, more = ''): string =>
  `POST / HTTP/1.1\r\nHost: ${host}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const chunked = `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`;

describe('clients that take their time', () => {
  it('get 408, or lose their connection, each after its own limit; others are served meanwhile', async () => {
    await publish({ headSeconds: 3, bodySeconds: 3, idleSeconds: 3, readerSeconds: 3 });
    const slowHead = await proxy.client();
    slowHead.send('GET / HTTP/1.1\r\nX-');
    // Octets that come one by one do not put the end off.
    const drip = setInterval(() => slowHead.send('a'), 200);
    const slowBody = await proxy.client();
    slowBody.send(`POST /silent HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\nfive.`);
    const idle = await proxy.client();
    idle.send(get());
    await idle.until('served');
    const fresh = await proxy.client();
    const reader = await proxy.client();
    reader.send(get('/large'));
    await reader.until('200 OK');
    reader.socket.pause();
    expect(await proxy.exchange(get('/', closing))).toContain('served');
    await slowHead.until('HTTP/1.1 408 ');
    clearInterval(drip);
    await slowBody.until('HTTP/1.1 408 ');
    expect(await idle.closed).toBe('ended');
    expect(await fresh.closed).toBe('ended');
    expect(fresh.received).toBe('');
    await expect.poll(() => outcomes).toContain('client-gone');
    reader.socket.destroy();
    await expect.poll(() => outcomes).toContain('bad-request');
    expect(await proxy.exchange(get('/', closing))).toContain('served');
  });

  it('can not keep others out, nor what they hold', { skip: programNamed('slowhttptest') === undefined }, async () => {
    await publish({ headSeconds: 3, bodySeconds: 3, readerSeconds: 3 }, {}, '*');
    /** Left alone each would go on for minutes. */
    const attack = (path: string, ...kind: readonly string[]): PromiseWithChild<{ stdout: string }> => {
      const flags = ['-c', String(attackers), '-r', String(attackers), '-i', '1', '-l', '240'];
      const url = `http://127.0.0.1:${proxy.port}${path}`;
      return promisify(execFile)('slowhttptest', [...kind, ...flags, '-u', url], { cwd: tmpdir() });
    };
    const reading = attack('/large', '-X', '-w', '10', '-y', '20', '-n', '300');
    const read = reading.catch(() => undefined);
    const writing = Promise.all([attack('/', '-H'), attack('/drip', '-B', '-s', '10000')]);
    for (let count = 0; count < 100; count += 1) {
      expect(await proxy.exchange(get('/', closing))).toContain('served');
    }
    // They see that their connections were closed, all of them.
    for (const { stdout } of await writing) expect(stdout).toContain('No open connections left');
    // Who does not even read can't see it.
    const cut = (): number => outcomes.filter((outcome) => outcome === 'client-gone').length;
    await expect.poll(cut).toBeGreaterThanOrEqual(attackers);
    await expect.poll(() => proxy.inFlight('a')).toBe(0);
    reading.child.kill();
    await read;
    const refused = outcomes.filter((outcome) => outcome === 'bad-request').length;
    expect(refused).toBeGreaterThanOrEqual(attackers);
  });
});

/** Sends a body in pieces, one after the other, until there are no more or the connection has ended. */
const drip = async (piece: string, pieces: number): Promise<string> => {
  const client = await proxy.client();
  client.send(`POST /drip HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${piece.length * pieces}\r\n\r\n`);
  const ended = client.closed.then(() => 'ended');
  for (let count = 0; count < pieces; count += 1) {
    client.send(piece);
    if ((await Promise.race([ended, delay(150)])) === 'ended') return client.received;
  }
  const whole = (): number => app.received.findIndex((text) => text.includes(piece.repeat(pieces)));
  await app.until(() => whole() >= 0);
  app.sockets[whole()]?.write(ok('served'));
  await client.until('served');
  client.socket.destroy();
  return client.received;
};

describe('a body that drips', () => {
  it('is answered with 408 although it never stands still; one that is merely slow is not', async () => {
    await publish({ bodySeconds: 2, bodyBytesPerSecond: 50 });
    const [dripped, slow] = await Promise.all([drip('a', 200), drip('b'.repeat(200), 25)]);
    expect(dripped).toContain('HTTP/1.1 408 ');
    expect(slow).toContain('200 OK');
    await expect.poll(() => outcomes).toContain('bad-request');
  });

  it('may come as slowly as it wants where the limit is 0', async () => {
    await publish({ bodySeconds: 1, bodyBytesPerSecond: 0 });
    expect(await drip('a', 25)).toContain('200 OK');
  });
});

describe('a request body', () => {
  it('beyond the limit is answered with 413, declared or not, and the upstream never gets a whole one', async () => {
    await publish({}, { bodyBytes: 10 });
    expect(await proxy.exchange(post('0123456789', closing))).toContain('served');
    const before = app.all;
    expect(await proxy.exchange(post('0123456789x', closing))).toMatch(/^HTTP\/1\.1 413 /);
    const half = await proxy.client();
    half.send(post('0123456789x').slice(0, -1));
    await half.until('Connection: close');
    await half.closed;
    expect(await proxy.exchange(post('', `Expect: 100-continue\r\n`).replace('Length: 0', 'Length: 11'))).toMatch(
      /^HTTP\/1\.1 413 /,
    );
    expect(await proxy.exchange(`${chunked}8\r\n01234567\r\n8\r\n01234567\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
    expect(app.all).toBe(before);
    const late = await proxy.client();
    late.send(chunked.replace('POST /', 'POST /silent') + '8\r\n01234567\r\n');
    await app.until(() => app.all.includes('01234567\r\n'));
    late.send('8\r\n01234567\r\n0\r\n\r\n');
    await late.until('HTTP/1.1 413 ');
    await app.until(() => app.sockets.at(-1)?.readableEnded === true || app.sockets.at(-1)?.destroyed === true);
    expect(app.received.at(-1)).not.toContain('\r\n0\r\n');
    await expect.poll(() => outcomes.filter((outcome) => outcome === 'too-large').length).toBe(5);
  });
});

describe('an application that does not answer', () => {
  it('makes its clients get 504; one that has begun may take as long as it wants', async () => {
    await publish({}, { responseSeconds: 3 });
    const begun = await proxy.client();
    begun.send(get('/stream'));
    await begun.until('beg');
    const silent = await proxy.client();
    silent.send(get('/silent'));
    await silent.until('HTTP/1.1 504 Gateway Timeout');
    silent.received = '';
    silent.send(get());
    await silent.until('served');
    app.sockets[0]?.write('u');
    await begun.until('begu');
    await expect.poll(() => outcomes).toContain('response-timeout');
  });
});

describe('a request', () => {
  it('that goes on for too long, or stands still, is ended; WebSockets may do both', async () => {
    await publish({}, { uploadSeconds: 1, silentSeconds: 2, totalSeconds: 600 });
    const upgraded = await proxy.client();
    upgraded.send(get('/websocket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
    await upgraded.until('101 ');
    const upload = await proxy.client();
    upload.send(post('0123456789').replace('POST /', 'POST /silent').slice(0, -1));
    const silent = await proxy.client();
    silent.send(get('/stream'));
    await upload.until('HTTP/1.1 408 ');
    await silent.until('beg');
    expect(await silent.closed).toBeDefined();
    await publish({}, { totalSeconds: 1 });
    const lasting = await proxy.client();
    lasting.send(get('/stream'));
    expect(await lasting.closed).toBeDefined();
    expect(await proxy.exchange(get('/silent', closing))).toContain('HTTP/1.1 504 ');
    await expect.poll(() => outcomes.filter((outcome) => outcome === 'too-long').length).toBe(4);
    upgraded.send('still here');
    await app.until(() => app.all.includes('still here'));
    upgraded.socket.destroy();
  });

  it('with a larger head than its pool allows gets 431', async () => {
    await publish({}, { headBytes: 1_000 });
    expect(await proxy.exchange(get('/', `X-Long: ${'x'.repeat(1_000)}\r\n${closing}`))).toMatch(/^HTTP\/1\.1 431 /);
    expect(await proxy.exchange(get('/', closing))).toContain('served');
  });
});

describe('connections', () => {
  it('beyond what a listener or one address may have are closed, and room comes back', async () => {
    await publish({ connections: 3, connectionsPerAddress: 2 });
    const first = await proxy.client();
    const second = await proxy.client();
    for (const client of [first, second]) {
      client.send(get());
      await client.until('served');
    }
    const third = await proxy.client();
    expect(await third.closed).toBeDefined();
    await expect.poll(() => outcomes).toContain('turned-away');
    const other = await RawClient.connect(proxy.port, '127.0.0.2');
    other.send(get());
    await other.until('served');
    const last = await RawClient.connect(proxy.port, '127.0.0.3');
    await last.closed;
    expect(last.received).toBe('');
    first.socket.destroy();
    await expect.poll(() => proxy.exchange(get('/', closing))).toContain('served');
    for (const client of [second, other]) client.socket.destroy();
  });

  it('are counted over all workers, and a worker that dies gives back what it had', async () => {
    await proxy.close();
    proxy = await TestProxy.start(2);
    await publish({ connections: 6, connectionsPerAddress: 4 });
    const open: RawClient[] = [];
    /** How many got which answer, so that a failure says what they got instead. */
    const from = async (address: string, count: number): Promise<Record<string, number>> => {
      const answers = Array.from({ length: count }, async () => {
        const client = await RawClient.connect(proxy.port, address);
        open.push(client);
        client.send(get());
        return await client.until('\r\n\r\n').then(
          () => client.received.slice('HTTP/1.1 '.length, client.received.indexOf('\r\n')),
          () => 'closed',
        );
      });
      const tally: Record<string, number> = {};
      for (const answer of await Promise.all(answers)) tally[answer] = (tally[answer] ?? 0) + 1;
      return tally;
    };
    expect(await from('127.0.0.1', 12)).toEqual({ '200 OK': 4, closed: 8 });
    expect(await from('127.0.0.2', 12)).toEqual({ '200 OK': 2, closed: 10 });
    expect(await from('127.0.0.3', 4)).toEqual({ closed: 4 });
    for (const pid of workersOf(proxy.link.hello.pid)) process.kill(pid, 'SIGKILL');
    await Promise.all(open.map(({ closed }) => closed));
    await expect.poll(() => from('127.0.0.4', 1)).toEqual({ '200 OK': 1 });
    expect(await from('127.0.0.5', 12)).toEqual({ '200 OK': 4, closed: 8 });
    for (const client of open) client.socket.destroy();
  });

  it('with limits that are none are refused with the table', async () => {
    await publish({});
    await expect(publish({ headSeconds: 0 })).rejects.toThrow('bad limit headSeconds: 0');
    await expect(publish({}, { bodyBytes: -1 })).rejects.toThrow('bad limit bodyBytes: -1');
  });
});

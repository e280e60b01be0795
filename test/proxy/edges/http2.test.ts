import { mkdtemp, rm } from 'node:fs/promises';
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionLimits, EdgePolicy, ReplicaId } from '../../../src/model/index.ts';
import { drainPolicy, host, ok, RawUpstream, soon, upstream } from '../rig.ts';
import { App } from './app.ts';
import { EdgeProxy, routes } from './rig.ts';

let folder: string;
let edge: EdgeProxy;
const ending: (() => void)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http2-'));
  edge = await EdgeProxy.start();
});
afterEach(async () => {
  for (const end of ending.splice(0)) end();
  await edge.close();
  await rm(folder, { recursive: true, force: true });
});

const publish = async (
  ports: Readonly<Record<string, number>>,
  changes: Partial<EdgePolicy> = {},
  limits: ConnectionLimits = {},
): Promise<void> => {
  const authority = join(folder, 'ca');
  const listener = { kind: 'https', id: 'https', routes, certificates: [], authority, limits } as const;
  const upstreams = Object.entries(ports).map(([name, port]) => upstream(name, port));
  await edge.publish([listener], upstreams, changes);
};

const startApp = async (name: string): Promise<App> => {
  const app = await App.start(name);
  ending.push(() => app.close());
  return app;
};

const session = (): ClientHttp2Session => {
  const opened = connect(`https://${host}:${edge.port('https')}`, {
    rejectUnauthorized: false,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  opened.on('error', () => undefined);
  ending.push(() => opened.destroy());
  return opened;
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  readonly interim: readonly number[];
  /** What ended the stream before its time. */
  readonly error: string | undefined;
}

const answerOf = (stream: ClientHttp2Stream): Promise<Answer> =>
  new Promise((resolve) => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    let error: string | undefined;
    const interim: number[] = [];
    const chunks: Buffer[] = [];
    stream.on('headers', (fields: IncomingHttpHeaders) => interim.push(Number(fields[':status'])));
    stream.on('response', (fields) => (headers = fields));
    stream.on('trailers', (fields) => (trailers = fields));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (failure) => (error = failure.message));
    stream.on('close', () => {
      const body = Buffer.concat(chunks).toString('latin1');
      resolve({ status: Number(headers[':status']), headers, body, trailers, interim, error });
    });
  });

/** A WebSocket in a stream, once the proxy has said that it takes such. */
const openTunnel = async (from: ClientHttp2Session): Promise<ClientHttp2Stream> => {
  await new Promise<void>((resolve) => {
    from.once('remoteSettings', () => resolve());
  });
  return from.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/ws',
    'sec-websocket-version': '13',
  });
};

const ask = (from: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Answer> => {
  const stream = from.request(headers);
  const answer = answerOf(stream);
  stream.end(body);
  return answer;
};

const outcomes = (): string[] => edge.records.map(({ outcome }) => outcome);

describe('HTTP/2', () => {
  it('carries many requests at once over one connection to HTTP/1.1 upstreams, counted and written down like any other', async () => {
    const app = await startApp('a');
    await publish({ a: app.port });
    const one = session();
    const paths = Array.from({ length: 50 }, (_, index) => `/${index}`);
    const answers = await Promise.all(paths.map((path) => ask(one, { ':path': path, cookie: ['a=1', 'b=2'] })));
    for (const [index, { status, headers, body }] of answers.entries()) {
      expect(status).toBe(200);
      expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
      const seen = JSON.parse(body) as { url: string; headers: Record<string, string> };
      expect(seen.url).toBe(`/${index}`);
      expect(seen.headers).toMatchObject({
        cookie: 'a=1; b=2',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '127.0.0.1',
      });
      expect(seen.headers['host']).toBe(`${host}:${edge.port('https')}`);
    }
    await expect.poll(() => outcomes().length).toBe(50);
    expect(await edge.proxy.inFlight('a')).toBe(0);
  });

  it('streams bodies both ways, with trailers, interim responses and what HEAD leaves out', async () => {
    const app = await startApp('a');
    await publish({ a: app.port });
    const one = session();
    const content = Buffer.alloc(3_000_000, 'c');
    const echoed = await ask(one, { ':path': '/echo', ':method': 'POST' }, content);
    expect(echoed.body.length).toBe(content.length);
    const stated = await ask(one, { ':path': '/echo', ':method': 'PUT', 'content-length': 5 }, 'abcde');
    expect(stated.body).toBe('abcde');
    expect((await ask(one, { ':path': '/big' })).body.length).toBe(5_000_000);
    expect(await ask(one, { ':path': '/trailers' })).toMatchObject({ body: 'content', trailers: { 'x-sum': '7' } });
    expect(await ask(one, { ':path': '/hints' })).toMatchObject({ interim: [103], body: 'hinted' });
    expect(await ask(one, { ':path': '/', ':method': 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      error: undefined,
    });
  });

  it('never lets a broken response look like a whole one', async () => {
    const app = await startApp('a');
    await publish({ a: app.port });
    for (const path of ['/cut', '/cut-chunked']) {
      const broken = await ask(session(), { ':path': path });
      expect(broken.body).toBe('half');
      expect(broken.error).toContain('INTERNAL_ERROR');
    }
    await expect.poll(outcomes).toEqual(['truncated', 'truncated']);
  });

  it('tells the upstream when the client gives up', async () => {
    const app = await startApp('a');
    await publish({ a: app.port });
    const stream = session().request({ ':path': '/never' });
    stream.on('error', () => undefined);
    await expect.poll(() => edge.proxy.inFlight('a')).toBe(1);
    stream.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => edge.proxy.inFlight('a')).toBe(0);
    await expect.poll(outcomes).toEqual(['client-gone']);
  });

  it('reads no faster than the client and the upstream do', async () => {
    let taken = 0;
    const upstreamServer = await RawUpstream.start((socket, request) => {
      taken += request.length;
      socket.pause();
    });
    ending.push(() => upstreamServer.close());
    await publish({ a: upstreamServer.port });
    const stream = session().request({ ':path': '/', ':method': 'POST' });
    stream.on('error', () => undefined);
    let given = 0;
    const chunk = Buffer.alloc(65_536);
    const push = (): void => {
      stream.write(chunk, (failure) => {
        if (failure) return;
        given += chunk.length;
        push();
      });
    };
    push();
    let before = -1;
    await expect
      .poll(
        () => {
          const stands = given === before && taken > 0;
          before = given;
          return stands;
        },
        { interval: 300 },
      )
      .toBe(true);
    expect(given).toBeLessThan(30_000_000);
  });

  it('answers a body that drips with 408, one that is merely slow is served on the same connection', async () => {
    const app = await startApp('a');
    await publish({ a: app.port }, {}, { bodySeconds: 3, bodyBytesPerSecond: 50 });
    const one = session();
    const send = async (piece: string, pieces: number): Promise<Answer> => {
      const stream = one.request({ ':path': '/whole', ':method': 'POST' });
      const answer = answerOf(stream);
      for (let count = 0; count < pieces && !stream.closed; count += 1) {
        stream.write(piece);
        await delay(150);
      }
      stream.end();
      return await answer;
    };
    const [dripped, slow] = await Promise.all([send('a', 200), send('b'.repeat(200), 30)]);
    expect([dripped.status, slow.status, slow.body]).toEqual([408, 200, 'all of it came']);
    await expect.poll(outcomes).toEqual(expect.arrayContaining(['bad-request', 'ok']));
    // The application never got it whole, and holds nothing of it any more.
    await expect.poll(() => edge.proxy.inFlight('a')).toBe(0);
  });

  it('refuses what could be read in two ways, and nothing of it reaches an upstream', async () => {
    const seen = await RawUpstream.start((socket) => socket.write(ok('seen')));
    ending.push(() => seen.close());
    await publish({ a: seen.port });
    const one = session();
    expect(await ask(one, { ':path': '/', ':authority': host, host: 'other.localhost' })).toMatchObject({
      status: 400,
    });
    expect(await ask(one, { ':path': '/', expect: 'miracles' })).toMatchObject({ status: 417 });
    expect(await ask(one, { ':path': '/', 'x-long': 'x'.repeat(20_000), content_length: '5' })).toMatchObject({
      status: 400,
    });
    const connecting = await ask(one, { ':method': 'CONNECT', ':authority': `${host}:25` });
    expect(connecting.status).toBe(501);
    const forged = await ask(one, { ':path': '/', 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'gopher' });
    expect(forged.body).toBe('seen');
    expect(seen.received).toHaveLength(1);
    expect(seen.all).not.toContain('6.6.6.6');
    expect(seen.all).not.toContain('gopher');
  });

  it('tries again, holds and answers for the upstream by the same rules', async () => {
    await publish({}, { hold: { seconds: 60, maxRequests: 1 } });
    const one = session();
    const held = ask(one, { ':path': '/held' });
    const overBudget = await ask(one, { ':path': '/too-many' });
    expect(overBudget).toMatchObject({ status: 502, headers: { 'x-edge': 'yes' } });
    const gone = await RawUpstream.start(() => undefined);
    const { port } = gone;
    gone.close();
    const app = await startApp('a');
    await publish({ gone: port, a: app.port });
    expect((await held).status).toBe(200);
    const more = await Promise.all([1, 2, 3, 4].map(() => ask(one, { ':path': '/' })));
    expect(more.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await expect.poll(outcomes).toContain('held-then-released');
  });
});

describe('HTTP/2 through a switch', () => {
  it('sends new streams to the new version on the same connection, and the count on the old one falls to zero', async () => {
    const [a, b] = [await startApp('a'), await startApp('b')];
    await publish({ a: a.port });
    const one = session();
    const slow = one.request({ ':path': '/echo', ':method': 'POST' });
    const answer = answerOf(slow);
    slow.write('first ');
    await expect.poll(() => edge.proxy.inFlight('a')).toBe(1);
    const drained = edge.proxy.drained('a');
    await publish({ b: b.port });
    expect(JSON.parse((await ask(one, { ':path': '/' })).body)).toMatchObject({ name: 'b' });
    slow.end('last');
    expect(await answer).toMatchObject({ status: 200, body: 'first last' });
    await drained;
  });

  it('ends event streams at an event and WebSockets with a close frame; the connection goes on', async () => {
    const [a, b] = [await startApp('a'), await startApp('b')];
    await publish({ a: a.port });
    const one = session();
    const events = answerOf(one.request({ ':path': '/events' }));
    const tunnel = await openTunnel(one);
    const greeted = new Promise<void>((resolve) => {
      tunnel.once('data', () => resolve());
    });
    const frames = answerOf(tunnel);
    await greeted;
    await expect.poll(() => edge.proxy.inFlight('a')).toBe(2);
    await publish({ b: b.port });
    await edge.proxy.link.drain({ upstream: 'a' as ReplicaId, policy: drainPolicy }, soon());
    const ended = await events;
    expect(ended.error).toBeUndefined();
    expect(ended.body).toMatch(/^id: 1\ndata: a first\n\nretry: \d+\n\n$/);
    const closed = await frames;
    expect(closed.status).toBe(200);
    // Text "hello from a", then Close 1012.
    expect(closed.body).toBe('\x81\x0chello from a\x88\x02\x03\xf4');
    expect((await ask(one, { ':path': '/' })).status).toBe(200);
  });

  it('carries a WebSocket both ways in one stream', async () => {
    const app = await startApp('a');
    await publish({ a: app.port });
    const one = session();
    const tunnel = await openTunnel(one);
    let received = '';
    tunnel.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    const masked = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    tunnel.write(masked);
    await expect.poll(() => received).toContain('\x81\x02hi');
    tunnel.close();
    await expect.poll(() => edge.proxy.inFlight('a')).toBe(0);
  });

  it('is told by GOAWAY when its listener ends, and what it has begun is finished', async () => {
    const app = await startApp('a');
    await publish({ a: app.port });
    const one = session();
    const slow = one.request({ ':path': '/echo', ':method': 'POST' });
    const answer = answerOf(slow);
    slow.write('first ');
    await expect.poll(() => edge.proxy.inFlight('a')).toBe(1);
    const goneAway = new Promise<void>((resolve) => {
      one.once('goaway', () => resolve());
    });
    await edge.publish([{ kind: 'http', id: 'other', routes }], [upstream('a', app.port)]);
    await goneAway;
    slow.end('last');
    expect(await answer).toMatchObject({ status: 200, body: 'first last' });
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closing, get, host, ok, RawUpstream, soon, TestProxy, upstream } from './rig.ts';

let proxy: TestProxy;
let app: Server;
let respond: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
const port = (): number => (app.address() as AddressInfo).port;

beforeAll(async () => {
  proxy = await TestProxy.start();
  app = createServer((request, response) => respond(request, response));
  await new Promise<void>((resolve) => {
    app.listen(0, '127.0.0.1', resolve);
  });
});
beforeEach(() => proxy.publish([upstream('a', port())]));
afterAll(async () => {
  app.closeAllConnections();
  app.close();
  await proxy.close();
});

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request.setEncoding('latin1')) body += chunk;
  return body;
};

const unchunked = (octets: Buffer): Buffer => {
  const pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const end = octets.indexOf('\r\n', at);
    const size = Number.parseInt(octets.toString('latin1', at, end), 16);
    if (!(size > 0)) return Buffer.concat(pieces);
    pieces.push(octets.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
};

describe('fields', () => {
  it('drops hop-by-hop and forged ones, says who the client is, keeps the rest', async () => {
    const seen = Promise.withResolvers<IncomingMessage>();
    respond = (request, response) => {
      seen.resolve(request);
      response.setHeader('X-Hop', '1').setHeader('Connection', 'X-Hop').setHeader('X-End', '2').end('ok');
    };
    const before = Date.now();
    const forged = 'X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6\r\n';
    const ids = 'X-Request-ID: forged\r\nX-Request-Start: 1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n';
    const hops = 'Connection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 1\r\nTE: gzip\r\nProxy-Connection: x\r\n';
    const answer = await proxy.exchange(
      get('/p?q=1;2', `${forged}${ids}${hops}X-A: one\r\nX-A: two\r\nCookie: a=b\r\n`),
    );
    const { headers, url } = await seen.promise;
    expect(url).toBe('/p?q=1;2');
    expect(headers).toMatchObject({ host, 'x-a': 'one, two', cookie: 'a=b', 'x-forwarded-for': '127.0.0.1' });
    expect(headers).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-host': host });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{20}$/);
    expect(Number(headers['x-request-start'])).toBeGreaterThanOrEqual(before);
    expect(JSON.stringify(headers)).not.toMatch(/6\.6\.6\.6|forged|evil|x-secret|proxy-connection|"te"|x-real-ip|_/i);
    expect(answer).toContain('X-End: 2');
    expect(answer).not.toContain('X-Hop');
  });

  it('believes what a trusted proxy in front says of its client, and adds itself to the list', async () => {
    const seen = Promise.withResolvers<IncomingMessage>();
    respond = (request, response) => {
      seen.resolve(request);
      response.end('ok');
    };
    await proxy.link.publish({ ...proxy.table([upstream('a', port())]), trustedPeers: ['127.0.0.0/8'] }, soon());
    const said = `${closing}X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Request-ID: from-the-front\r\n`;
    await proxy.exchange(get('/', said));
    const { headers } = await seen.promise;
    expect(headers).toMatchObject({
      'x-forwarded-for': '203.0.113.7, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': host,
      'x-request-id': 'from-the-front',
    });
    expect(Number(headers['x-request-start'])).toBeGreaterThan(0);
    const table = { ...proxy.table([upstream('a', port())]), trustedPeers: ['10.0.0.0'] };
    await expect(proxy.link.publish(table, soon())).rejects.toMatchObject({
      code: 'TABLE_REJECTED',
      message: expect.stringContaining('trusted peer 10.0.0.0 is no CIDR'),
    });
  });

  it('routes by host and by the longest prefix of whole segments', async () => {
    const other = await RawUpstream.start((socket) => socket.write(ok('other')));
    respond = (_request, response) => response.end('first');
    const table = proxy.table([upstream('a', port())]);
    const pools = [...table.pools, { id: 'other', upstreams: [upstream('o', other.port)], edge: table.pools[0]?.edge }];
    const routes = [
      { host, pathPrefix: '/', pool: 'app' },
      { host, pathPrefix: '/b', pool: 'other' },
      { host, pathPrefix: '/b/deep/', pool: 'app' },
      { host: '*.wild.localhost', pathPrefix: '/', pool: 'other' },
    ];
    const listeners = table.listeners.map((listener) => ({ ...listener, routes }));
    await proxy.link.publish({ ...table, pools: pools as typeof table.pools, listeners }, soon());
    const ask = (path: string, name = host): Promise<string> =>
      proxy.exchange(`GET ${path} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
    expect(await ask('/')).toContain('first');
    expect(await ask('/bb')).toContain('first');
    expect(await ask('/b?x')).toContain('other');
    expect(await ask('/b/x')).toContain('other');
    expect(await ask('/b/deep/x')).toContain('first');
    expect(await ask('/', 'A.B.WILD.localhost:99')).toContain('other');
    expect(await ask('/', 'wild.localhost')).toMatch(/404[^]*unknown host/);
    other.close();
  });
});

describe('bodies', () => {
  it('streams a request while it is still being sent, and its answer meanwhile', async () => {
    respond = (request, response) =>
      request.on('data', (chunk: Buffer) => response.write(`<${String(chunk)}>`)).on('end', () => response.end('!'));
    const client = await proxy.client();
    client.send(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nping\r\n`);
    await client.until('<ping>');
    client.send('4\r\npong\r\n0\r\nX-T: 1\r\n\r\n');
    await client.until('<pong>');
    await client.until('0\r\n\r\n');
    client.socket.destroy();
  });

  it('sends ten megabytes up and back unchanged', async () => {
    respond = (request, response) => void bodyOf(request).then((body) => response.end(body, 'latin1'));
    const body = new Uint8Array(10 * 1024 * 1024).map((_, index) => (index * 7) % 256);
    const client = await proxy.client();
    client.send(`POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
    client.socket.write(body);
    await client.closed;
    const echoed = client.received.slice(client.received.indexOf('\r\n\r\n') + 4);
    expect(Buffer.from(echoed, 'latin1').equals(body)).toBe(true);
  });

  it('loses and doubles nothing for a reader that stops and goes', async () => {
    const expected = createHash('sha256');
    let left = 400;
    respond = (_request, response) => {
      const more = (): void => {
        // Small and large pieces by turns: some the kernel takes whole, some in part, some not at all.
        for (; left > 0; left -= 1) {
          const piece = randomBytes(left % 3 === 0 ? 200_000 : 1 + left * 7);
          expected.update(piece);
          if (!response.write(piece)) break;
        }
        if (left > 0) left -= 1;
        else response.end();
      };
      response.on('drain', more);
      more();
    };
    const client = connect(proxy.port, '127.0.0.1');
    client.write(get('/', closing));
    const received: Buffer[] = [];
    for await (const chunk of client) {
      received.push(chunk);
      // Longer than a turn of the loop, so that the proxy runs into a full socket again and again.
      if (received.length % 5 === 0) await delay(5);
    }
    const message = Buffer.concat(received);
    const body = unchunked(message.subarray(message.indexOf('\r\n\r\n') + 4));
    expect(createHash('sha256').update(body).digest('hex')).toBe(expected.digest('hex'));
  });

  it('holds an upstream back when the client does not read, and a client when the upstream does not', async () => {
    let sent = 0;
    respond = (_request, response) => {
      const more = (): void => {
        do sent += 65_536;
        while (response.write('x'.repeat(65_536)) && sent < 200_000_000);
      };
      response.on('drain', more);
      more();
    };
    const reader = await proxy.client();
    reader.socket.pause();
    reader.send(get());
    await expect.poll(() => sent).toBeGreaterThan(0);
    await steady(() => sent);
    expect(sent).toBeLessThan(100_000_000); // four buffers of the kernel, which may grow to 32 MB each
    reader.socket.destroy();

    const held = Promise.withResolvers<IncomingMessage>();
    respond = (request) => held.resolve(request.pause());
    const writer = await proxy.client();
    writer.send(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000000\r\n\r\n`);
    let written = 0;
    const push = (): void => {
      do written += 65_536;
      while (writer.socket.write(Buffer.alloc(65_536)) && written < 200_000_000);
    };
    writer.socket.on('drain', push);
    push();
    await steady(() => written);
    expect(written).toBeLessThan(100_000_000);
    (await held.promise).destroy();
    writer.socket.destroy();
  });

  it('asks the upstream before it lets a client send that waits for 100', async () => {
    respond = (request, response) => void bodyOf(request).then((body) => response.end(`got ${body}`));
    const client = await proxy.client();
    client.send(`POST / HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    await client.until('got hello');
    client.socket.destroy();
  });

  it('gives an early answer to a client that is still sending, and reads no request out of the rest', async () => {
    const targets: (string | undefined)[] = [];
    respond = (request, response) => {
      targets.push(request.url);
      response.writeHead(413).end('too much');
    };
    const client = await proxy.client();
    client.send(`POST /1 HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4000\r\n\r\npart`);
    await client.until('too much');
    client.send(get('/inner'));
    expect(await client.closed).toBe('ended');
    expect(targets).toEqual(['/1']);
  });
});

describe('connections', () => {
  it('answers pipelined requests in order', async () => {
    respond = (request, response) => {
      setTimeout(() => response.end(`<${request.url}>`), request.url === '/1' ? 100 : 0);
    };
    const client = await proxy.client();
    client.send(get('/1') + get('/2') + get('/3'));
    await client.until('</3>');
    expect([...client.received.matchAll(/<(.*?)>/g)].map(([, target]) => target)).toEqual(['/1', '/2', '/3']);
    client.socket.destroy();
  });

  it('tells the upstream when a client goes away', async () => {
    const gone = Promise.withResolvers<void>();
    respond = (_request, response) => {
      response.on('close', gone.resolve);
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
    };
    const client = await proxy.client();
    client.send(get());
    await client.until('data: 1');
    client.socket.destroy();
    await gone.promise;
    expect(await proxy.inFlight('a')).toBe(0);
  });

  it('still answers a client that has said its last word', async () => {
    respond = (_request, response) => {
      setTimeout(() => response.end('late'), 300);
    };
    const client = await proxy.client();
    client.socket.end(get());
    expect(await client.closed).toBe('ended');
    expect(client.received).toContain('late');
  });

  it('never makes a body whole that the client cut', async () => {
    const outcome = Promise.withResolvers<string>();
    respond = (request) => {
      request
        .on('error', () => outcome.resolve('cut'))
        .on('end', () => outcome.resolve('whole'))
        .resume();
    };
    const client = await proxy.client();
    client.socket.end(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
    expect(await outcome.promise).toBe('cut');
  });

  it('tunnels an upgrade both ways, and what was sent with it', async () => {
    const echo = await RawUpstream.start((socket, text) => {
      const [, rest = ''] = text.split('\r\n\r\n');
      socket.once('end', () => socket.end());
      if (rest === '' && !text.includes('Host')) socket.write(text);
      else socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n${rest}`);
    });
    await proxy.publish([upstream('echo', echo.port)]);
    const client = await proxy.client();
    client.send(`${get('/', 'Connection: Upgrade\r\nUpgrade: other\r\n')}early`);
    await client.until('early');
    client.send('GET / HTTP/1.1\n\n');
    await client.until('GET / HTTP/1.1\n\n');
    expect(echo.received[0]).toMatch(/Connection: Upgrade\r\nUpgrade: other\r\n/);
    expect(await proxy.inFlight('echo')).toBe(1);
    client.socket.end();
    expect(await client.closed.then(() => client.received)).toContain('101 Switching');
    echo.close();
  });
});

/** Resolves once a number has not changed for half a second: whoever raised it is being held back. */
const steady = async (value: () => number): Promise<void> => {
  for (let before = -1; before !== value();) {
    before = value();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

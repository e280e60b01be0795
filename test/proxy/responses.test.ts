import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closing, get, host, ok, RawUpstream, TestProxy, upstream } from './rig.ts';

let proxy: TestProxy;
let app: RawUpstream;
/** What the application says next, then whether it closes. */
let say: { text: string; end: boolean } = { text: '', end: false };

beforeAll(async () => {
  proxy = await TestProxy.start();
  app = await RawUpstream.start((socket) => {
    socket.write(say.text, 'latin1');
    if (say.end) socket.end();
  });
  await proxy.publish([upstream('a', app.port)]);
});
afterAll(async () => {
  app.close();
  await proxy.close();
});

const head = 'HTTP/1.1 200 OK\r\n';
const chunks = `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`;

describe('a response that can not be trusted is never shown', () => {
  const bad: Record<string, string> = {
    'length and coding': `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'two lengths': `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`,
    'an unknown coding': `${head}Transfer-Encoding: x-odd\r\n\r\nhello`,
    'a coding in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a bare LF': `${head}X-A: 1\nX-B: 2\r\nContent-Length: 2\r\n\r\nok`,
    'a bare CR': `${head}X-A: 1\rSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nok`,
    'a folded line': `${head}X-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok`,
    'a space before the colon': `${head}Content-Length : 2\r\n\r\nok`,
    'NUL in a value': `${head}X-A: 1\0\r\nContent-Length: 2\r\n\r\nok`,
    'a short status': 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok',
    'a long status': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok',
    'another version': 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'another protocol': '220 mail.invalid ESMTP\r\n\r\n',
    'a switch nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    'a head without end': `${head}X: ${'x'.repeat(70_000)}`,
    'nothing at all': '',
    'half a head': `${head}Content-Le`,
  };
  it.each(Object.entries(bad))('%s', async (_name, text) => {
    say = { text, end: true };
    const answer = await proxy.exchange(get('/', closing));
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).toContain('nobody answers');
  });
});

describe('a response that ends too early never looks complete', () => {
  const cut: Record<string, string> = {
    'inside its length': `${head}Content-Length: 10\r\n\r\nhello`,
    'inside a chunk': `${chunks}5\r\nwo`,
    'between chunks': chunks,
    'before the end of the trailers': `${chunks}0\r\n`,
    'by a chunk size that is none': `${chunks}xyz\r\n`,
    'by a chunk that is too long': `${chunks}1\r\nab\r\n0\r\n\r\n`,
  };
  it.each(Object.entries(cut))('%s', async (_name, text) => {
    say = { text, end: true };
    const client = await proxy.client();
    client.send(get());
    await client.closed;
    expect(client.received).not.toContain('\r\n0\r\n\r\n');
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*hello/);
  });

  it('by a reset where only the end of the connection would end it', async () => {
    const resetting = await RawUpstream.start((socket) => {
      socket.write(`${head}\r\npart`, () => setTimeout(() => socket.resetAndDestroy(), 50));
    });
    await proxy.publish([upstream('r', resetting.port)]);
    const client = await proxy.client();
    client.send(get());
    await client.closed;
    expect(client.received).toContain('part');
    expect(client.received).not.toContain('0\r\n\r\n');
    resetting.close();
    await proxy.publish([upstream('a', app.port)]);
  });
});

describe('framing towards the client', () => {
  it('says the end of a body that the upstream ends by closing', async () => {
    say = { text: `${head}\r\nall of it`, end: true };
    const client = await proxy.client();
    client.send(get());
    await client.until('0\r\n\r\n');
    expect(client.received).toContain('Transfer-Encoding: chunked\r\n\r\n9\r\nall of it\r\n0\r\n\r\n');
    client.socket.destroy();
  });

  it('takes chunks apart for an HTTP/1.0 client', async () => {
    say = { text: `${chunks}0\r\n\r\n`, end: false };
    const answer = await proxy.exchange(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
    expect(answer).toMatch(/\r\n\r\nhello$/);
    expect(answer).not.toContain('Transfer-Encoding');
  });

  it('keeps the connection of an HTTP/1.0 client that asks for it', async () => {
    say = { text: ok('hi'), end: false };
    const client = await proxy.client();
    client.send(`GET / HTTP/1.0\r\nHost: ${host}\r\nConnection: keep-alive\r\n\r\n`);
    await client.until('hi');
    expect(client.received).toContain('Connection: keep-alive');
    client.send(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
    expect(await client.closed).toBe('ended');
  });

  it('gives HEAD, 204 and 304 their head only', async () => {
    const client = await proxy.client();
    say = { text: `${head}Content-Length: 3000\r\n\r\n`, end: false };
    client.send(get().replace('GET', 'HEAD'));
    await client.until('Content-Length: 3000\r\n\r\n');
    say = { text: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', end: false };
    client.send(get());
    await client.until('204 No Content\r\n\r\n');
    say = { text: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', end: false };
    client.send(get());
    await client.until('ETag: "a"\r\n\r\n');
    say = { text: ok('next'), end: false };
    client.send(get());
    await client.until('next');
    client.socket.destroy();
  });

  it('hands on interim responses and trailers, without what does not belong there', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
    say = { text: `${interim}${chunks}0\r\nX-Sum: 1\r\nCookie: a=b\r\n\r\n`, end: false };
    const client = await proxy.client();
    client.send(get());
    await client.until('X-Sum: 1\r\n\r\n');
    expect(client.received).toContain(interim);
    expect(client.received).not.toContain('Cookie');
    client.socket.destroy();
  });

  it('does not take what follows a response for the next one', async () => {
    const client = await proxy.client();
    say = { text: `${ok('first')}${ok('stale')}`, end: false };
    client.send(get());
    await client.until('first');
    say = { text: ok('fresh'), end: false };
    client.send(get());
    await client.until('fresh');
    expect(client.received).not.toContain('stale');
    client.socket.destroy();
  });
});

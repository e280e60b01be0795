import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { host, RawUpstream, TestProxy, upstream } from './rig.ts';

let proxy: TestProxy;
let app: RawUpstream;
let answer = '';

beforeAll(async () => {
  proxy = await TestProxy.start();
  app = await RawUpstream.start((socket) => socket.write(answer, 'latin1'));
  await proxy.publish([upstream('a', app.port)]);
});
beforeEach(() => {
  answer = 'HTTP/1.1 200 OK\r\nX-App: a\r\nContent-Length: 2\r\n\r\nok';
});
afterAll(async () => {
  app.close();
  await proxy.close();
});

const fields = `Host: ${host}\r\nX-Client: one\r\nConnection: close\r\n\r\n`;
const lastRequest = (): string => /(?:GET|HEAD|POST) (?:(?!\r\n\r\n).)*\r\n\r\n$/s.exec(app.all)?.[0] ?? '';

it('requests with the same fields go where their own lines say', async () => {
  for (const path of ['/a', '/a', '/b?c', '/a']) {
    expect(await proxy.exchange(`GET ${path} HTTP/1.1\r\n${fields}`)).toMatch(/^HTTP\/1\.1 200 .*ok$/s);
    expect(lastRequest()).toContain(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Client: one\r\nX-Forwarded-For: `);
  }
});

it('the authority of an absolute target counts also where the fields are known', async () => {
  for (let time = 0; time < 3; time += 1) {
    await proxy.exchange(`GET / HTTP/1.1\r\n${fields}`);
    expect(await proxy.exchange(`GET http://elsewhere.localhost/ HTTP/1.1\r\n${fields}`)).toContain('unknown host');
  }
});

it('known fields that frame a body frame that of their own request', async () => {
  const post = `Host: ${host}\r\nContent-Length: 3\r\nConnection: close\r\n\r\n`;
  for (const body of ['one', 'two', 'six']) {
    await proxy.exchange(`POST / HTTP/1.1\r\n${post}${body}`);
    expect(app.all).toMatch(new RegExp(`Content-Length: 3\r\n(?:X-[^\r]*\r\n)*\r\n${body}$`));
  }
});

it('an HTTP/1.0 client with known fields is answered as one', async () => {
  const kept = `Host: ${host}\r\nX-Client: two\r\n\r\n`;
  for (let time = 0; time < 3; time += 1) {
    const client = await proxy.client();
    client.send(`GET / HTTP/1.1\r\n${kept}`);
    await client.until('ok');
    expect(client.received).not.toContain('Connection');
    client.socket.destroy();
  }
  expect(await proxy.exchange(`GET / HTTP/1.0\r\n${kept}`)).toContain('Connection: close');
});

it('a head that was answered to GET before has no body where it answers HEAD', async () => {
  for (let time = 0; time < 3; time += 1) {
    answer = 'HTTP/1.1 200 OK\r\nX-App: a\r\nContent-Length: 2\r\n\r\nok';
    expect(await proxy.exchange(`GET / HTTP/1.1\r\n${fields}`)).toMatch(/\r\n\r\nok$/);
    answer = 'HTTP/1.1 200 OK\r\nX-App: a\r\nContent-Length: 2\r\n\r\n';
    expect(await proxy.exchange(`HEAD / HTTP/1.1\r\n${fields}`)).toMatch(/Content-Length: 2\r\n\r\n$/);
  }
});

it('heads that differ in one octet are told apart, wherever it is', async () => {
  const head = `HTTP/1.1 200 OK\r\nX-App: ${'.'.repeat(200)}\r\nContent-Length: 2\r\n\r\n`;
  for (let at = 24; at < 224; at += 1) {
    const other = `${head.slice(0, at)}x${head.slice(at + 1)}`;
    for (const shown of [head, other]) {
      answer = `${shown}ok`;
      expect(await proxy.exchange(`GET / HTTP/1.1\r\n${fields}`)).toContain(/X-App: .*/.exec(shown)?.[0]);
    }
  }
});

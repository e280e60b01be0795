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

it('a head that comes again on one connection counts as the first did, whole, in pieces and several at once', async () => {
  const again = `GET /again HTTP/1.1\r\nHost: ${host}\r\nX-Client: three\r\n\r\n`;
  const client = await proxy.client();
  const answered = async (count: number): Promise<void> => {
    await expect.poll(() => client.received.split('\r\n\r\nok').length - 1, { timeout: 30_000 }).toBe(count);
  };
  const arrived = (): number => app.all.split('GET /again ').length - 1;
  for (let time = 1; time <= 3; time += 1) {
    client.send(again);
    await answered(time);
  }
  client.send(again.slice(0, -1));
  await answered(3);
  client.send('\n');
  await answered(4);
  client.send(again + again + again);
  await answered(7);
  expect(arrived()).toBe(7);
  client.send(`${again.slice(0, -2)}X-More: yes\r\n\r\n`);
  await answered(8);
  expect(lastRequest()).toMatch(/X-Client: three\r\nX-More: yes\r\n/);
  client.send(`${again.slice(0, -2)}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`);
  await client.until('400 Bad Request');
  expect(arrived()).toBe(8);
  client.socket.destroy();
});

it('each answer to a request that comes again is shown as it is, also where it only begins like the last', async () => {
  const client = await proxy.client();
  const first = 'HTTP/1.1 200 OK\r\nX-App: a\r\nContent-Length: 2\r\n\r\n';
  const answers: readonly (readonly [string, string])[] = [
    [`${first}01`, '01'],
    [`${first}02`, '02'],
    [`${first.slice(0, -2)}X-More: yes\r\n\r\n03`, 'X-More: yes\r\nContent-Length: 2\r\n\r\n03'],
    [`${first.slice(0, -4)}0\r\n\r\n${'4'.repeat(20)}`, 'Content-Length: 20\r\n\r\n44444444444444444444'],
    [`${first}05`, '05'],
    ['HTTP/1.1 204 No Content\r\nX-App: a\r\n\r\n', '204 No Content\r\nX-App: a\r\n\r\n'],
    [`HTTP/1.1 103 Early Hints\r\nX-App: a\r\n\r\n${first}07`, '\r\n\r\n07'],
  ];
  for (const [given, shown] of answers) {
    answer = given;
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Client: four\r\n\r\n`);
    await client.until(shown);
  }
  client.socket.destroy();
});

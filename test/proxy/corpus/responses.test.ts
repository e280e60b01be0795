import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closing, get, TestProxy, upstream } from '../rig.ts';
import { RecordingOrigin } from './recording-origin.ts';
import { brokenBodies, doubtfulHeads, unusualResponses } from './response-cases.ts';

let proxy: TestProxy;
let origin: RecordingOrigin;
/** What the application says to everything but `/fresh`. */
let say = { text: '', end: true };

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

beforeAll(async () => {
  proxy = await TestProxy.start();
  origin = await RecordingOrigin.start((request, socket) => {
    if (request.line.startsWith('GET /fresh ')) socket.write(ok('fresh'));
    else {
      socket.write(say.text, 'latin1');
      if (say.end) socket.end();
    }
  });
  await proxy.publish([upstream('a', origin.port)]);
});
afterAll(async () => {
  origin.close();
  await proxy.close();
});

const stale = ok('stale');

/** Whatever came behind a response never becomes somebody's answer. */
const nextIsFresh = async (): Promise<void> => {
  expect(await proxy.exchange(get('/fresh', closing))).toMatch(/\r\n\r\nfresh$/);
};

describe('a response that can not be trusted is never shown', () => {
  it.each(Object.entries(doubtfulHeads))('%s', async (_name, text) => {
    say = { text: text.includes('\r\n\r\n') ? text + stale : text, end: true };
    const answer = await proxy.exchange(get('/', closing));
    expect(answer).toMatch(/(?:^|\r\n\r\n)HTTP\/1\.1 502 /);
    expect(answer).not.toContain('stale');
    await nextIsFresh();
  });
});

describe('a body that turns out broken never looks complete', () => {
  it.each(Object.entries(brokenBodies))('%s', async (_name, text) => {
    say = { text, end: true };
    const client = await proxy.client();
    client.send(get());
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*hello/);
    expect(client.received).not.toMatch(/\r\n0\r\n(?:[^\r\n]+\r\n)*\r\n$/);
    await nextIsFresh();
  });
});

describe('what merely looks unusual is shown in one form', () => {
  it.each(Object.entries(unusualResponses))('%s', async (_name, [text, line, body]) => {
    say = { text, end: true };
    const answer = await proxy.exchange(get('/', closing));
    const end = answer.indexOf('\r\n\r\n');
    expect(answer.slice(0, answer.indexOf('\r\n'))).toBe(line);
    expect(answer.slice(end + 4)).toBe(body);
  });

  it('without what comes behind it, be it a whole response', async () => {
    say = { text: ok('first') + stale, end: false };
    expect(await proxy.exchange(get('/', closing))).toMatch(/\r\n\r\nfirst$/);
    await nextIsFresh();
  });
});

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { host, program, upstream } from '../rig.ts';
import { App } from './app.ts';
import { EdgeProxy, routes } from './rig.ts';

let folder: string;
let edge: EdgeProxy;
let app: App;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'https-upgrade-'));
  app = await App.start('a');
  edge = await EdgeProxy.start(2);
  const listener = { kind: 'https', id: 'https', routes, certificates: [], authority: join(folder, 'ca') } as const;
  await edge.publish([listener], [upstream('a', app.port)]);
});
afterAll(async () => {
  app.close();
  await edge.close();
  await rm(folder, { recursive: true, force: true });
});

const to = { servername: host, rejectUnauthorized: false };

/** One stream after the other; on another connection once this one has said that it ends. */
const http2Load = async (stop: AbortSignal, seen: string[]): Promise<void> => {
  const open = (): { readonly session: ClientHttp2Session; ends: boolean } => {
    const opened = { session: connect(`https://127.0.0.1:${edge.port('https')}`, to), ends: false };
    opened.session.on('goaway', () => (opened.ends = true));
    opened.session.on('close', () => (opened.ends = true));
    opened.session.on('error', (error) => seen.push(`connection: ${error.message}`));
    return opened;
  };
  let current = open();
  while (!stop.aborted) {
    if (current.ends) current = open();
    const stream = current.session.request({ ':path': '/', ':authority': host });
    const status = once(stream, 'response').then(([headers]) => (headers as { ':status': number })[':status']);
    const answer = await Promise.all([status, text(stream)]).then(([code]) => String(code), String);
    // Whoever is told that nobody has seen it sends it again: one that could not read for two seconds meets that.
    if (!answer.includes('REFUSED_STREAM')) seen.push(answer);
  }
  current.session.close();
};

/** One request after the other on a kept connection, for as long as it is kept. */
const http1Load = async (stop: AbortSignal, seen: string[]): Promise<void> => {
  const agent = new Agent({ ...to, keepAlive: true, maxSockets: 1 });
  while (!stop.aborted) {
    const asked = request({ agent, host: '127.0.0.1', port: edge.port('https'), headers: { Host: host } }).end();
    const answered = once(asked, 'response').then(async ([response]) => {
      await text(response as IncomingMessage);
      return String((response as IncomingMessage).statusCode);
    });
    seen.push(await answered.catch(String));
  }
  agent.destroy();
};

const longer = (list: readonly string[], than: number): Promise<void> =>
  expect.poll(() => list.length).toBeGreaterThan(than);

it('an upgrade of the workers costs no request over https, HTTP/1.1 or HTTP/2', async () => {
  const stop = new AbortController();
  const seen = { http1: [] as string[], http2: [] as string[] };
  const load = Array.from({ length: 4 }, () => [
    http1Load(stop.signal, seen.http1),
    http2Load(stop.signal, seen.http2),
  ]).flat();
  const more = (): Promise<unknown> => Promise.all(Object.values(seen).map((list) => longer(list, list.length + 20)));
  const upgrade = [program, 'upgrade', '--state', edge.proxy.stateFolder, '--within', '60'];
  try {
    await more();
    await promisify(execFile)(process.execPath, upgrade);
    await more();
  } finally {
    stop.abort();
  }
  await Promise.all(load);
  expect(new Set([...seen.http1, ...seen.http2])).toEqual(new Set(['200']));
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReplicaId } from '../../../src/model/index.ts';
import { drainPolicy, host, soon, upstream } from '../rig.ts';
import { App } from './app.ts';
import { programNamed } from '../../program-named.ts';
import { EdgeProxy, routes } from './rig.ts';

const executablePath = programNamed('chromium') ?? programNamed('chromium-browser') ?? programNamed('google-chrome');
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP *.localhost 127.0.0.1',
];

/** Skipped where there is no Chromium. */
describe.skipIf(executablePath === undefined)('a browser over https', () => {
  let folder: string;
  let edge: EdgeProxy;
  let context: BrowserContext;
  let page: Page;
  const apps: App[] = [];
  let networkChanges = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'browser-'));
    apps.push(await App.start('a'), await App.start('b'));
    edge = await EdgeProxy.start();
    await serve('a');
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      ...(executablePath !== undefined && { executablePath }),
      headless: true,
      timeout: 120_000,
      args: flags,
      ignoreHTTPSErrors: true,
    });
    context.setDefaultTimeout(120_000);
    page = await context.newPage();
    page.on('requestfailed', (request) => {
      if (request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED') networkChanges += 1;
    });
    await whateverNetworks(() => page.goto(`https://${host}:${edge.port('https')}/`));
  });
  afterAll(async () => {
    await context?.close();
    for (const app of apps) app.close();
    await edge.close();
    await rm(folder, { recursive: true, force: true });
  });

  const serve = async (name: string): Promise<void> => {
    const app = apps.find((each) => each.name === name);
    const listener = { kind: 'https', id: 'https', routes, certificates: [], authority: join(folder, 'ca') } as const;
    await edge.publish([listener], app === undefined ? [] : [upstream(name, app.port)]);
  };

  /** Chromium gives up what it is loading whenever a network of the machine comes or goes, be it one of containers. */
  const whateverNetworks = async <Result>(load: () => Promise<Result>): Promise<Result> => {
    for (;;) {
      const before = networkChanges;
      try {
        return await load();
      } catch (error) {
        // What the browser has said before it answers this, we have been told.
        await page.evaluate('0');
        if (networkChanges === before) throw error;
      }
    }
  };

  it('speaks HTTP/2 and fetches both ways', async () => {
    const fetched = `(async () => {
      const echoed = await fetch('/echo', { method: 'POST', body: 'posted' });
      const big = await fetch('/big');
      const protocol = performance.getEntriesByType('navigation')[0].nextHopProtocol;
      return { text: await echoed.text(), size: (await big.arrayBuffer()).byteLength, protocol };
    })()`;
    const seen = await whateverNetworks(() => page.evaluate(fetched));
    expect(seen).toEqual({ text: 'posted', size: 5_000_000, protocol: 'h2' });
  });

  it('an EventSource and a WebSocket come back to the new version after a switch, in order, and no fetch fails over it', async () => {
    await page.evaluate(`(() => {
      const seen = (globalThis.seen = []);
      const events = new EventSource('/events');
      events.addEventListener('message', ({ data }) => seen.push('event ' + data));
      const open = () => {
        const socket = new WebSocket('wss://' + location.host + '/ws');
        socket.addEventListener('message', ({ data }) => seen.push('socket ' + data));
        socket.addEventListener('close', ({ code, wasClean }) => {
          seen.push('closed ' + code + ' ' + wasClean);
          open();
        });
      };
      open();
      const fetched = (globalThis.fetched = { a: 0, b: 0, failed: [] });
      const ask = () =>
        fetch('/', { cache: 'no-store' })
          .then((response) => response.json())
          .then(({ name }) => (fetched[name] += 1), (error) => fetched.failed.push(String(error)))
          .then(() => setTimeout(ask, 5));
      for (let count = 0; count < 4; count += 1) ask();
    })()`);
    const fetched = (): Promise<{ a: number; b: number; failed: string[] }> => page.evaluate('globalThis.fetched');
    const seen = (): Promise<string[]> => page.evaluate('globalThis.seen');
    await expect.poll(seen).toEqual(expect.arrayContaining(['event a first', 'socket hello from a']));
    await expect.poll(async () => (await fetched()).a).toBeGreaterThan(20);
    await serve('b');
    const { a } = await fetched();
    await edge.proxy.link.drain({ upstream: 'a' as ReplicaId, policy: drainPolicy }, soon());
    await expect.poll(seen).toEqual(expect.arrayContaining(['event b 1', 'socket hello from b']));
    await expect.poll(() => edge.proxy.inFlight('a')).toBe(0);
    await expect.poll(async () => (await fetched()).b).toBeGreaterThan(20);
    const { failed, ...served } = await fetched();
    // Answers that were on their way when the switch was acknowledged.
    expect(served.a - a).toBeLessThanOrEqual(4);
    expect(failed.slice(networkChanges)).toEqual([]);
    // The stream of events, which is always open, has said of every change of the networks that ended a socket too.
    const ends = (await seen()).filter((line) => line.startsWith('closed'));
    expect(ends.filter((line) => line !== 'closed 1012 true').slice(networkChanges)).toEqual([]);
    if (networkChanges === 0) expect(ends).toEqual(['closed 1012 true']);
  });
});

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { get, RawClient, TestProxy, upstream } from './rig.ts';

const apps: Server[] = [];
let proxy: TestProxy | undefined;

afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.closeAllConnections();
    app.close();
  }
  await proxy?.close();
});

/** An application that knows whether it may still get requests. */
class Version {
  served = 0;
  afterDrained = 0;
  isDrained = false;
  readonly #server = createServer((request, response) => {
    this.served += 1;
    if (this.isDrained) this.afterDrained += 1;
    // Some answers take long enough to be in flight while the switch happens.
    if (request.url === '/slow') setTimeout(() => response.end('done'), 5);
    else response.end('done');
  });

  async start(): Promise<number> {
    apps.push(this.#server);
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }
}

/** Asks one request after the other until told to stop; returns how many were answered, and every odd answer. */
const load = async (port: number, stop: AbortSignal): Promise<{ answered: number; failures: string[] }> => {
  const failures: string[] = [];
  let answered = 0;
  while (!stop.aborted) {
    const client = await RawClient.connect(port);
    for (let count = 0; count < 50 && !stop.aborted; count += 1) {
      client.received = '';
      client.send(get(count % 4 === 0 ? '/slow' : '/'));
      await client.until('done').catch((error: Error) => failures.push(error.message));
      if (client.received.startsWith('HTTP/1.1 200 OK')) answered += 1;
      else failures.push(client.received);
    }
    client.socket.destroy();
  }
  return { answered, failures };
};

it.each([1, 2])('a hundred switches under load lose nothing, with %i worker(s)', async (workers) => {
  const testProxy = await TestProxy.start(workers);
  proxy = testProxy;
  const versions = [new Version(), new Version()] as const;
  const ports = [await versions[0].start(), await versions[1].start()] as const;
  await testProxy.publish([upstream('r0', ports[0])]);

  /** Names for which zero was said, and how often. */
  const zeros = new Map<string, number>();
  const waiting = new Map<string, () => void>();
  testProxy.link.onDraining((counts) => {
    for (const [id, count] of Object.entries(counts)) {
      if (count !== 0) continue;
      zeros.set(id, (zeros.get(id) ?? 0) + 1);
      waiting.get(id)?.();
    }
  });

  const stop = new AbortController();
  const clients = Array.from({ length: 16 }, () => load(testProxy.port, stop.signal));
  for (let turn = 1; turn <= 100; turn += 1) {
    const next = turn % 2 === 0 ? 0 : 1;
    const before = `r${turn - 1}`;
    const drained = new Promise<void>((resolve) => {
      waiting.set(before, resolve);
    });
    versions[next].isDrained = false;
    await testProxy.publish([upstream(`r${turn}`, ports[next])]);
    await drained;
    versions[next === 0 ? 1 : 0].isDrained = true;
    expect(await testProxy.inFlight(before)).toBe(0);
  }
  stop.abort();
  const results = await Promise.all(clients);

  expect(results.flatMap((result) => result.failures)).toEqual([]);
  expect(results.reduce((sum, result) => sum + result.answered, 0)).toBeGreaterThan(100);
  expect(versions.map((version) => version.afterDrained)).toEqual([0, 0]);
  expect([...zeros.values()].every((count) => count === 1)).toBe(true);
  expect(zeros.size).toBe(100);
});

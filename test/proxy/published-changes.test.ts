import { execFile } from 'node:child_process';
import { appendFile, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RouteTable } from '../../src/model/index.ts';
import { proxyFolder } from '../../src/protocol/index.ts';
import type { FromProxy, TableChange } from '../../src/protocol/index.ts';
import { connectProxy } from '../../src/traffic/index.ts';
import type { ProxyLink } from '../../src/traffic/index.ts';
import { effective, places, randomTables } from './random-tables.ts';
import { childrenOf, closing, get, program, RawClient, soon, TestProxy, upstream } from './rig.ts';

let apps: readonly [Server, Server];
let proxies: TestProxy[] = [];

const portOf = (app: Server): number => (app.address() as AddressInfo).port;
const newApp = async (word: string): Promise<Server> => {
  const app = createServer((_request, response) => response.end(word));
  await new Promise<void>((resolve) => {
    app.listen(0, '127.0.0.1', resolve);
  });
  return app;
};

beforeAll(async () => {
  apps = [await newApp('first'), await newApp('second')];
});
afterAll(() => {
  for (const app of apps) {
    app.closeAllConnections();
    app.close();
  }
});
/** Whatever a test has done to them: they are found again, ended and removed. */
afterEach(async () => {
  for (const { stateFolder } of proxies) {
    await (await linkTo(stateFolder)).shutdown(soon());
    await rm(stateFolder, { recursive: true, force: true });
  }
  proxies = [];
});

const start = async (workers = 1): Promise<TestProxy> => {
  const proxy = await TestProxy.start(workers);
  proxies.push(proxy);
  return proxy;
};

const linkTo = (stateFolder: string): Promise<ProxyLink> => connectProxy({ stateFolder, program, signal: soon() });

const toFirst = () => [upstream('a', portOf(apps[0]))];
const toSecond = () => [upstream('b', portOf(apps[1]))];
const ask = (proxy: TestProxy): Promise<string> => proxy.exchange(get('/', closing));

/** Says one thing to the proxy as whoever speaks its protocol would. */
const say = async (proxy: TestProxy, message: object): Promise<FromProxy> => {
  const socket = connect(proxyFolder(proxy.stateFolder).socket);
  socket.write(`${JSON.stringify({ ...message, call: 1 })}\n`);
  for await (const line of createInterface({ input: socket })) {
    const answer = JSON.parse(line) as FromProxy;
    if (!('call' in answer)) continue;
    socket.destroy();
    return answer;
  }
  throw new Error('no answer');
};

describe('tables of which only the changes are published', () => {
  it('serve and say the same as the same tables published whole', async () => {
    const [byChange, whole] = [await start(2), await start()];
    let [generation, served] = [0, byChange.link.hello.table];
    const answersOf = async (port: number): Promise<readonly string[]> =>
      await Promise.all(
        places.map(async ({ host, path }) => {
          const client = await RawClient.connect(port);
          client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
          await client.closed;
          return `${host}${path} ${client.received.slice(9, 12)}`;
        }),
      );
    await fc.assert(
      fc.asyncProperty(randomTables(apps.map(portOf)), async (tables) => {
        let [at, last] = [0, tables[0]];
        for (const table of tables) {
          generation += 1;
          // Name servers are opened; here it is about their records.
          last = { ...table, generation, names: [] };
          at = (await byChange.link.publish(last, soon())).listeners[0]?.port ?? 0;
        }
        const answer = await say(whole, { kind: 'publish', table: last });
        if (answer.kind !== 'published' || last === undefined) throw new Error(JSON.stringify(answer));
        served = last;
        expect(await answersOf(at)).toEqual(await answersOf(answer.listeners[0]?.port ?? 0));
      }),
      { numRuns: 6, endOnFailure: true },
    );
    await byChange.link.close();
    const { hello } = await linkTo(byChange.stateFolder);
    expect(effective(hello.table as RouteTable)).toEqual(effective(served as RouteTable));
  });

  it('are wanted whole where the change is one of another table, and refused whole where it is bad', async () => {
    const proxy = await start();
    await proxy.publish(toFirst());
    const change: TableChange = { base: 1, generation: 2, pools: { gone: [], put: [] }, routes: [], names: [] };
    expect(await say(proxy, { kind: 'publish-change', change: { ...change, base: 7 } })).toMatchObject({
      kind: 'table-needed',
    });
    const bad = { ...change, pools: { gone: ['app'], put: [] } };
    expect(await say(proxy, { kind: 'publish-change', change: bad })).toMatchObject({
      kind: 'rejected',
      code: 'TABLE_REJECTED',
      reason: 'listener http, route app.localhost/: unknown pool app',
    });
    expect(await ask(proxy)).toContain('first');
    expect(await say(proxy, { kind: 'publish-change', change })).toMatchObject({ kind: 'published', generation: 2 });
    expect(await ask(proxy)).toContain('first');
  });

  it('arrive in order when nobody waits for the one before', async () => {
    const proxy = await start();
    await proxy.publish(toFirst());
    const begun = [toSecond(), toFirst()].map((upstreams) => proxy.publish(upstreams));
    await begun[0];
    // What the proxy serves by now is not what this one was made from.
    begun.push(proxy.publish(toSecond()));
    await Promise.all(begun);
    expect(await ask(proxy)).toContain('second');
    await proxy.publish(toFirst());
    expect(await ask(proxy)).toContain('first');
  });

  it('reach the successor of a worker that was killed, and both generations of an upgrade', async () => {
    const proxy = await start();
    await proxy.publish(toFirst());
    await proxy.publish(toSecond());
    for (const worker of childrenOf(proxy.link.hello.pid)) process.kill(worker, 'SIGKILL');
    expect(await ask(proxy)).toContain('second');
    await proxy.publish(toFirst());
    expect(await ask(proxy)).toContain('first');
    const kept = await proxy.client();
    kept.send(get());
    await kept.until('first');
    const upgraded = promisify(execFile)(process.execPath, [program, 'upgrade', '--state', proxy.stateFolder]);
    const drained = proxy.drained('a');
    await proxy.publish(toSecond());
    await drained;
    kept.received = '';
    kept.send(get());
    await kept.until('second');
    expect(await ask(proxy)).toContain('second');
    kept.socket.destroy();
    await upgraded;
    await proxy.publish(toFirst());
    expect(await ask(proxy)).toContain('first');
  });
});

describe('what was published last', () => {
  /** Nobody is left who could publish it again. */
  const killed = async (link: ProxyLink): Promise<void> => {
    const { pid } = link.hello;
    await link.close();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isRunning(pid)).toBe(false);
  };
  const tableFile = async (proxy: TestProxy): Promise<string> =>
    await readFile(join(proxy.stateFolder, 'table.json'), 'utf8');

  it('serves after the proxy was killed, be it beside the whole table or not yet, or no more', async () => {
    const proxy = await start();
    await proxy.publish(toFirst());
    await proxy.publish(toSecond());
    expect(await tableFile(proxy)).toContain('"generation":1,');
    await killed(proxy.link);
    const link = await linkTo(proxy.stateFolder);
    expect([link.hello.table?.generation, link.hello.warning]).toEqual([2, undefined]);
    expect(await ask(proxy)).toContain('second');
    // Long enough that the table is written whole again, which nobody waits for.
    const large = { noUpstream: { status: 502, headers: {}, body: 'x'.repeat(40_000) } };
    for (const upstreams of [toFirst(), toSecond(), toFirst(), toSecond(), toFirst()])
      await link.publish(proxy.table(upstreams, large), soon());
    await expect.poll(() => tableFile(proxy)).toMatch(/"generation":[67],/);
    await link.publish(proxy.table(toSecond(), large), soon());
    await killed(link);
    const { hello } = await linkTo(proxy.stateFolder);
    expect([hello.table?.generation, hello.warning]).toEqual([8, undefined]);
    expect(await ask(proxy)).toContain('second');
  });

  it('is told from a change that was being written when the proxy was killed', async () => {
    const proxy = await start();
    await proxy.publish(toFirst());
    await proxy.publish(toSecond());
    await killed(proxy.link);
    await appendFile(join(proxy.stateFolder, 'table.changes'), '0123456789 {"base":2,"genera');
    const link = await linkTo(proxy.stateFolder);
    expect(link.hello.table?.generation).toBe(2);
    expect(link.hello.warning).toContain('torn');
    expect(await ask(proxy)).toContain('second');
    await link.publish(proxy.table(toFirst()), soon());
    await link.close();
    expect((await linkTo(proxy.stateFolder)).hello.warning).toBeUndefined();
  });
});

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type {
  Affinity,
  Pool,
  ReplicaId,
  RequestRecord,
  RouteTable,
  TrafficSplit,
  Upstream,
} from '../../src/model/index.ts';
import { freePort } from '../free-port.ts';
import { closing, get, host, soon, TestProxy } from './rig.ts';

/** Each answers with the name of the replica it stands for. */
const apps = new Map<string, Server>();
let proxy: TestProxy;
/** A port that nobody listens on. */
let deadPort = 0;

beforeAll(async () => {
  for (const name of ['old-1', 'old-2', 'new-1', 'new-2']) {
    const app = createServer({ maxHeaderSize: 100_000 }, (_request, response) => response.end(`from ${name}`));
    app.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    });
    await new Promise<void>((resolve) => {
      app.listen(0, '127.0.0.1', resolve);
    });
    apps.set(name, app);
  }
  deadPort = await freePort();
});
afterAll(() => {
  for (const app of apps.values()) {
    app.closeAllConnections();
    app.close();
  }
});
beforeEach(async () => {
  proxy = await TestProxy.start();
});
afterEach(() => proxy.close());

/** Revision 1 is the old one, 2 the new one. */
const replica = (name: string, port?: number): Upstream => ({
  id: name as ReplicaId,
  revision: name.startsWith('old') ? 1 : 2,
  address: { host: '127.0.0.1', port: port ?? portOf(name) },
});
const portOf = (name: string): number => (apps.get(name)?.address() as AddressInfo | undefined)?.port ?? 0;

const shares = (old: number, fresh: number, matches: TrafficSplit['matches'] = []): TrafficSplit => ({
  shares: [
    { revision: 1, percent: old },
    { revision: 2, percent: fresh },
  ],
  matches,
});

type Division = Pick<Pool, 'split' | 'affinity'>;

const tableOf = (upstreams: readonly Upstream[], division: Division, prefix = '/'): RouteTable => {
  const plain = proxy.table(upstreams);
  return {
    ...plain,
    listeners: [
      {
        kind: 'http',
        id: 'http',
        address: '127.0.0.1',
        port: 0,
        routes: [
          { host, pathPrefix: prefix, pool: 'app' },
          { host: 'next.localhost', pathPrefix: '/', pool: 'app', revision: 2 },
        ],
      },
    ],
    pools: plain.pools.map((pool) => ({ ...pool, ...division })),
  };
};

const publish = async (upstreams: readonly Upstream[], division: Division, prefix = '/'): Promise<void> => {
  const { listeners } = await proxy.link.publish(tableOf(upstreams, division, prefix), soon());
  proxy.port = listeners[0]?.port ?? 0;
};

interface Answer {
  readonly from: string;
  readonly cookie: string | undefined;
  readonly setCookie: string | undefined;
}

const ask = async (more = '', path = '/'): Promise<Answer> => {
  const text = await proxy.exchange(get(path, closing + more));
  const setCookie = /^Set-Cookie: (.*)\r$/m.exec(text)?.[1];
  return { from: /from ([\w-]+)$/.exec(text)?.[1] ?? text, setCookie, cookie: setCookie?.split(';')[0] };
};

const askOften = async (times: number, more = ''): Promise<readonly string[]> => {
  const answers: string[] = [];
  for (let count = 0; count < times; count += 1) answers.push((await ask(more)).from);
  return answers;
};

const fromNew = (answers: readonly string[]): number => answers.filter((from) => from.startsWith('new')).length;

describe('shares', () => {
  it('are exact in small samples, spread evenly, and go on over tables that change nothing', async () => {
    const upstreams = [replica('old-1'), replica('old-2'), replica('new-1')];
    await publish(upstreams, { split: shares(90, 10) });
    for (let ten = 0; ten < 3; ten += 1) expect(fromNew(await askOften(10))).toBe(1);
    const answers: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      await publish(upstreams, { split: shares(90, 10) });
      answers.push((await ask()).from);
    }
    expect(fromNew(answers)).toBe(2);
    await publish(upstreams, { split: shares(50, 50) });
    expect(fromNew(await askOften(4))).toBe(2);
  });

  it('of 0 mean that nobody gets there unasked, not even when all others are gone', async () => {
    await publish([replica('old-1'), replica('new-1')], { split: shares(100, 0) });
    expect(fromNew(await askOften(20))).toBe(0);
    expect(await proxy.exchange(get('/', closing).replace(host, 'next.localhost'))).toContain('from new-1');
    const nobody = { shares: [{ revision: 2, percent: 0 }], matches: [] };
    await publish([replica('new-1')], { split: nobody });
    expect((await ask()).from).toContain('502');
    await publish([replica('old-1', deadPort), replica('new-1')], { split: shares(100, 0) });
    expect((await ask()).from).toContain('502');
  });

  it('give way when a revision can not be reached: the request goes to one that has a share', async () => {
    await publish([replica('old-1'), replica('new-1', deadPort)], { split: shares(50, 50) });
    expect(await askOften(10)).toEqual(Array.from({ length: 10 }, () => 'old-1'));
  });

  it('say in the ledger who was passed over, and who was asked last when nobody could be reached', async () => {
    const records: RequestRecord[] = [];
    proxy.link.onLedger((batch) => records.push(...batch));
    const told = (): readonly object[] =>
      records.map(({ outcome, revision, replica: id, passedOver }) => ({ outcome, revision, id, passedOver }));
    const split = shares(100, 0, [{ by: 'header', name: 'x-new', revision: 2 }]);
    await publish([replica('old-1'), replica('new-1', deadPort)], { split });
    await ask('X-New: 1\r\n');
    await ask();
    const onlyNew = { shares: [{ revision: 2, percent: 100 }], matches: [] };
    await publish([replica('new-1', deadPort), replica('new-2', deadPort)], { split: onlyNew });
    await ask();
    const asked = { revision: 2, passedOver: undefined, id: expect.stringMatching(/^new-[12]$/) as string };
    await expect.poll(told).toEqual([
      { outcome: 'ok', revision: 1, id: 'old-1', passedOver: 2 },
      { outcome: 'ok', revision: 1, id: 'old-1', passedOver: undefined },
      { outcome: 'refused', ...asked },
    ]);
  });
});

describe('matches', () => {
  const split = shares(100, 0, [
    { by: 'header', name: 'X-Canary', value: 'yes', revision: 2 },
    { by: 'cookie', name: 'beta', revision: 2 },
    { by: 'header', name: 'x-old', revision: 1 },
  ]);

  it('choose the revision by header, whatever its case, or by cookie', async () => {
    await publish([replica('old-1'), replica('new-1')], { split });
    expect((await ask('x-canary:  yes \r\n')).from).toBe('new-1');
    expect((await ask('X-Canary: yes please\r\n')).from).toBe('old-1');
    expect((await ask('Cookie: a=1; beta=; b=2\r\n')).from).toBe('new-1');
    expect((await ask('Cookie: alphabeta=1\r\n')).from).toBe('old-1');
    expect((await ask('Cookie: BETA=1\r\n')).from).toBe('old-1');
    // The first match wins.
    expect((await ask('X-Old: \r\nX-Canary: yes\r\n')).from).toBe('new-1');
  });

  it('hold up nobody, however many blanks the field has inside', async () => {
    await publish([replica('old-1'), replica('new-1')], {
      split: shares(100, 0, [{ by: 'header', name: 'X-Version', value: 'new', revision: 2 }]),
    });
    const long = `X-Version: a${' '.repeat(60_000)}b\r\n`;
    expect(new Set(await askOften(30, long))).toEqual(new Set(['old-1']));
  });

  it('fall to a revision with a share when theirs can not be reached', async () => {
    await publish([replica('old-1'), replica('new-1', deadPort)], { split });
    expect((await ask('X-Canary: yes\r\n')).from).toBe('old-1');
  });
});

describe('affinity', () => {
  const toReplica: Affinity = { to: 'replica', cookie: 'stays' };
  const toRevision: Affinity = { to: 'revision', cookie: 'stays' };
  const all = (): readonly Upstream[] => ['old-1', 'old-2', 'new-1', 'new-2'].map((name) => replica(name));

  it('to a replica: its cookie says nothing of it and is set once, and again only when the replica is gone', async () => {
    await publish(all(), { affinity: toReplica });
    const first = await ask();
    expect(first.setCookie).toMatch(/^stays=[\w-]{16}; Path=\/; HttpOnly; SameSite=Lax$/);
    for (let count = 0; count < 4; count += 1) {
      expect(await ask(`Cookie: other=1; ${first.cookie}\r\n`)).toMatchObject({ from: first.from, cookie: undefined });
    }
    await publish(
      all().filter(({ id }) => id !== first.from),
      { affinity: toReplica },
    );
    const second = await ask(`Cookie: ${first.cookie}\r\n`);
    expect(second.from).not.toBe(first.from);
    expect(second.cookie).not.toBe(first.cookie);
    expect(await ask(`Cookie: ${second.cookie}\r\n`)).toMatchObject({ from: second.from, cookie: undefined });
  });

  it('to a revision: who began on the old version stays there while it serves, with a share or without', async () => {
    await publish([replica('old-1'), replica('old-2')], { affinity: toRevision });
    const begun = await ask();
    await publish(all(), { affinity: toRevision, split: shares(0, 100) });
    const stayed = await askOften(6, `Cookie: ${begun.cookie}\r\n`);
    expect(new Set(stayed)).toEqual(new Set(['old-1', 'old-2']));
    expect((await ask()).from).toMatch(/^new/);
    await publish([replica('new-1')], { affinity: toRevision });
    const moved = await ask(`Cookie: ${begun.cookie}\r\n`);
    expect(moved.from).toBe('new-1');
    expect(moved.cookie).toBeDefined();
  });

  it('leaves a cookie alone that anybody made up, except that it is replaced', async () => {
    await publish(all(), { affinity: toReplica, split: shares(100, 0) });
    const answer = await ask('Cookie: stays=new-1; stays=\r\n');
    expect(answer.from).toMatch(/^old/);
    expect(answer.cookie).toBeDefined();
  });

  it('gives way for one request when its replica can not be reached, and to a match', async () => {
    await publish([replica('old-1', deadPort), replica('old-2')], { affinity: toReplica });
    const split = shares(100, 0, [{ by: 'header', name: 'X-Canary', revision: 2 }]);
    const first = await ask();
    expect(first.from).toBe('old-2');
    await publish(all(), { affinity: toReplica, split });
    expect(await ask(`X-Canary: 1\r\nCookie: ${first.cookie}\r\n`)).toMatchObject({ cookie: undefined });
    expect((await ask(`X-Canary: 1\r\nCookie: ${first.cookie}\r\n`)).from).toMatch(/^new/);
    expect((await ask(`Cookie: ${first.cookie}\r\n`)).from).toBe('old-2');
  });

  it('reaches as far as its route, and works in upgrades', async () => {
    await publish(all(), { affinity: toReplica }, '/deep/');
    expect((await ask('', '/deep/path')).setCookie).toContain('; Path=/deep; ');
    const client = await proxy.client();
    client.send(`GET /deep HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`);
    await client.until('\r\n\r\n');
    expect(client.received).toMatch(/^HTTP\/1\.1 101 [^]*Set-Cookie: stays=/);
    client.socket.destroy();
  });
});

describe('a preview address', () => {
  it('leads to its revision only, and answers as the edge does while nobody of it is there', async () => {
    const preview = (): Promise<string> => proxy.exchange(get('/', closing).replace(host, 'next.localhost'));
    await publish([replica('old-1'), replica('new-1')], { split: shares(100, 0) });
    for (let count = 0; count < 4; count += 1) expect(await preview()).toContain('from new-1');
    await publish([replica('old-1')], {});
    expect(await preview()).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe('a table whose requests can not be divided', () => {
  it('is refused whole with the reason', async () => {
    const upstreams = [replica('old-1'), replica('new-1')];
    await publish(upstreams, {});
    const match = { by: 'header', name: 'X-Canary', revision: 2 } as const;
    const bad: Readonly<Record<string, Division>> = {
      'add up to 99': { split: shares(90, 9) },
      'add up to 100': { split: shares(110, -10) },
      'duplicate share': { split: { shares: [...shares(50, 0).shares, { revision: 1, percent: 50 }], matches: [] } },
      'revision 3': { split: { shares: [{ revision: 3, percent: 100 }], matches: [] } },
      'revision 4': { split: shares(50, 50, [{ ...match, revision: 4 }]) },
      'no name of a header': { split: shares(50, 50, [{ ...match, name: 'X Canary' }]) },
      'can have the value': { split: shares(50, 50, [{ ...match, value: 'a\r\nb' }]) },
      'no name of a cookie': { affinity: { to: 'replica', cookie: 'a=b; Domain' } },
      'unknown kind of affinity': { affinity: { to: 'host' as 'replica', cookie: 'a' } },
    };
    for (const [reason, division] of Object.entries(bad)) {
      await expect(proxy.link.publish(tableOf(upstreams, division), soon())).rejects.toMatchObject({
        code: 'TABLE_REJECTED',
        message: expect.stringContaining(reason) as string,
      });
    }
    await expect(proxy.link.publish(tableOf(upstreams, {}, '/a;b'), soon())).rejects.toThrow('bad path prefix');
    expect((await ask()).from).toMatch(/^(?:old|new)/);
  });
});

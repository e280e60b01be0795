import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReplicaId } from '../../../src/model/index.ts';
import { drainPolicy, RawClient, soon, upstream } from '../rig.ts';
import { EdgeProxy, TcpServer } from './rig.ts';
import type { TestListener } from './rig.ts';

const tcp: TestListener = { kind: 'tcp', id: 'tcp', pool: 'app' };
let edge: EdgeProxy;
const servers: TcpServer[] = [];

beforeEach(async () => {
  edge = await EdgeProxy.start();
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await edge.close();
});

const serve = async (handle: (socket: Socket) => void): Promise<number> => {
  const server = await TcpServer.start(handle);
  servers.push(server);
  return server.port;
};

/** Says its name, then gives back whatever it gets. */
const echo = (name: string): Promise<number> =>
  serve((socket) => {
    socket.write(`${name} `);
    socket.pipe(socket);
  });

const client = (): Promise<RawClient> => RawClient.connect(edge.port('tcp'));

describe('a tcp listener', () => {
  it('keeps open connections where they are while new ones go to the new upstream', async () => {
    await edge.publish([tcp], [upstream('a', await echo('a'))]);
    const before = await client();
    await before.until('a ');
    await edge.publish([tcp], [upstream('b', await echo('b'))]);
    const after = await client();
    await after.until('b ');
    before.send('still here');
    await before.until('still here');
    expect(await edge.proxy.inFlight('a')).toBe(1);
    const drained = edge.proxy.drained('a');
    before.socket.end();
    expect(await before.closed).toBe('ended');
    await drained;
    after.socket.destroy();
    await expect.poll(() => edge.records.map(({ replica, outcome }) => [replica, outcome])).toContainEqual(['a', 'ok']);
  });

  it('divides connections by the shares of a split', async () => {
    const upstreams = [upstream('a', await echo('a')), { ...upstream('b', await echo('b')), revision: 2 }];
    const met = async (old: number, fresh: number): Promise<readonly string[]> => {
      const table = edge.table([tcp], upstreams);
      const shares = [
        { revision: 1, percent: old },
        { revision: 2, percent: fresh },
      ];
      const pools = table.pools.map((pool) => ({ ...pool, split: { shares, matches: [] } }));
      await edge.publishTable({ ...table, pools });
      const names: string[] = [];
      for (let count = 0; count < 10; count += 1) {
        const connection = await client();
        await connection.until(' ');
        names.push(connection.received.trim());
        connection.socket.destroy();
      }
      return names.toSorted();
    };
    expect(await met(90, 10)).toEqual([...Array<string>(9).fill('a'), 'b']);
    expect(new Set(await met(100, 0))).toEqual(new Set(['a']));
  });

  it('waits for connections until the deadline, then cuts what is left, visibly, and writes it down', async () => {
    await edge.publish([tcp], [upstream('a', await echo('a'))]);
    const open = await client();
    await open.until('a ');
    await edge.publish([tcp], [upstream('b', await echo('b'))]);
    const drained = edge.proxy.drained('a');
    const order = { upstream: 'a' as ReplicaId, policy: { ...drainPolicy, timeoutSeconds: 0.3 } };
    await edge.proxy.link.drain(order, soon());
    await drained;
    expect(await open.closed).toBe('reset');
    await expect
      .poll(() => edge.records.map(({ method, outcome }) => [method, outcome]))
      .toContainEqual(['TCP', 'cut-by-drain']);
  });

  it('hands each side its end on, and what comes after it still arrives', async () => {
    const port = await serve((socket) => {
      let received = 0;
      socket.on('data', (chunk) => (received += chunk.length));
      socket.on('end', () => socket.end(`got ${received}`));
    });
    await edge.publish([tcp], [upstream('a', port)]);
    const talker = await client();
    talker.send('x'.repeat(3_000_000));
    talker.socket.end();
    expect(await talker.closed).toBe('ended');
    expect(talker.received).toBe('got 3000000');
    await expect
      .poll(() => edge.records.map(({ bytesIn, bytesOut, outcome }) => [bytesIn, bytesOut, outcome]))
      .toContainEqual([3_000_000, 11, 'ok']);
  });

  it('carries what both sides say at once, in pieces of any size, unharmed', async () => {
    const whole = randomBytes(3_000_000);
    const say = async (socket: Socket): Promise<void> => {
      for (let at = 0, length = 1; at < whole.length; at += length, length = ((length * 7 + 13) % 150_000) + 1) {
        if (!socket.write(whole.subarray(at, at + length))) await once(socket, 'drain');
      }
      socket.end();
    };
    const talk = async (socket: Socket): Promise<Buffer> => (await Promise.all([buffer(socket), say(socket)]))[0];
    const heard: Promise<Buffer>[] = [];
    const port = await serve((socket) => void heard.push(talk(socket)));
    await edge.publish([tcp], [upstream('a', port)]);
    for (let count = 0; count < 4; count += 1) {
      heard.push(talk(connect({ port: edge.port('tcp'), host: '127.0.0.1', allowHalfOpen: true })));
    }
    await expect.poll(() => heard.length).toBe(8);
    for (const each of heard) expect((await each).equals(whole)).toBe(true);
  });

  it('reads no faster than the other side does', async () => {
    let sent = 0;
    const port = await serve((socket) => {
      const chunk = Buffer.alloc(65_536);
      const more = (): void => {
        while (socket.write(chunk)) sent += chunk.length;
        sent += chunk.length;
      };
      socket.on('drain', more);
      more();
    });
    await edge.publish([tcp], [upstream('a', port)]);
    const slow = await client();
    slow.socket.pause();
    let before = -1;
    await expect
      .poll(
        () => {
          const stands = sent === before && sent > 0;
          before = sent;
          return stands;
        },
        { interval: 300 },
      )
      .toBe(true);
    // Kernel buffers on two connections and some in between; not what the server would love to send.
    expect(sent).toBeLessThan(40_000_000);
    slow.socket.destroy();
  });

  it('has whose each connection was in the access log', async () => {
    const accessLog = join(edge.proxy.stateFolder, 'access.log');
    const table = edge.table([tcp], [upstream('a', await echo('a'))]);
    await edge.publishTable({ ...table, reports: { accessLog } });
    const talker = await client();
    await talker.until('a ');
    talker.socket.end();
    await expect
      .poll(() => readFile(accessLog, 'utf8'))
      .toMatch(/"method":"TCP".*"outcome":"ok","client":"127\.0\.0\.1"/);
  });

  it('tries another upstream when one refuses', async () => {
    const gone = await TcpServer.start(() => undefined);
    const { port } = gone;
    gone.close();
    await edge.publish([tcp], [upstream('gone', port), upstream('a', await echo('a'))]);
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const talker = await client();
      await talker.until('a ');
      talker.socket.destroy();
    }
  });

  it('says in the ledger who was asked last when nobody took the connection, and who was passed over', async () => {
    const gone = await TcpServer.start(() => undefined);
    const { port } = gone;
    gone.close();
    const dead = { ...upstream('gone', port), revision: 2 };
    await edge.publish([tcp], [dead]);
    const turnedAway = await client();
    await turnedAway.closed;
    const both = edge.table([tcp], [upstream('a', await echo('a')), dead]);
    const shares = [
      { revision: 1, percent: 1 },
      { revision: 2, percent: 99 },
    ];
    await edge.publishTable({
      ...both,
      pools: both.pools.map((pool) => ({ ...pool, split: { shares, matches: [] } })),
    });
    const served = await client();
    await served.until('a ');
    served.socket.end();
    await expect
      .poll(() => edge.records)
      .toMatchObject([
        { outcome: 'refused', replica: 'gone', revision: 2 },
        { outcome: 'ok', replica: 'a', revision: 1, passedOver: 2 },
      ]);
  });

  it('holds a connection while nobody is there, and what it has said waits with it', async () => {
    await edge.publish([tcp], [], { hold: { seconds: 60, maxRequests: 1 } });
    const early = await client();
    early.send('early words');
    const refused = await client();
    expect(await refused.closed).toBe('ended');
    await edge.publish([tcp], [upstream('a', await echo('a'))]);
    await early.until('a early words');
    early.socket.destroy();
    await expect.poll(() => edge.records.map(({ outcome }) => outcome)).toContain('no-upstream');
  });

  it('lets the client see when the upstream broke off', async () => {
    const port = await serve((socket) => {
      socket.write('half');
      socket.once('data', () => socket.resetAndDestroy());
    });
    await edge.publish([tcp], [upstream('a', port)]);
    const talker = await client();
    await talker.until('half');
    talker.send('go');
    expect(await talker.closed).toBe('reset');
    await expect.poll(() => edge.records.map(({ outcome }) => outcome)).toEqual(['reset']);
  });

  it('lets the upstream see when the client broke off', async () => {
    const connected = Promise.withResolvers<Socket>();
    const port = await serve((socket) => connected.resolve(socket));
    await edge.publish([tcp], [upstream('a', port)]);
    const talker = await client();
    const upstreamSide = await connected.promise;
    const failed = new Promise((resolve) => {
      upstreamSide.once('close', resolve);
    });
    talker.socket.resetAndDestroy();
    await failed;
    await expect.poll(() => edge.records.map(({ outcome }) => outcome)).toEqual(['client-gone']);
  });

  it('closes connections beyond its cap, and has room again when one ends', async () => {
    await edge.publish([{ ...tcp, limits: { connections: 1 } }], [upstream('a', await echo('a'))]);
    const first = await client();
    await first.until('a ');
    const second = await client();
    await second.closed;
    expect(second.received).toBe('');
    await expect.poll(() => edge.records.map(({ outcome }) => outcome)).toContain('turned-away');
    first.socket.destroy();
    await expect
      .poll(async () => {
        const next = await client();
        return await Promise.race([next.until('a ').then(() => 'served'), next.closed]);
      })
      .toBe('served');
  });

  it('reaches upstreams on a port of their own when it names one', async () => {
    const port = await echo('db');
    await edge.publish([{ ...tcp, upstreamPort: port }], [upstream('a', 1)]);
    const talker = await client();
    await talker.until('db ');
    talker.socket.destroy();
  });
});

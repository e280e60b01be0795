import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/model/index.ts';
import { freePort } from '../free-port.ts';
import { DeafUpstream } from './deaf-upstream.ts';
import { closing, get, host, ok, RawUpstream, TestProxy, upstream } from './rig.ts';

let proxy: TestProxy;
const apps: RawUpstream[] = [];

beforeEach(async () => {
  proxy = await TestProxy.start();
});
afterEach(async () => {
  for (const app of apps.splice(0)) app.close();
  await proxy.close();
});

const start = async (...behaviour: Parameters<typeof RawUpstream.start>): Promise<RawUpstream> => {
  const app = await RawUpstream.start(...behaviour);
  apps.push(app);
  return app;
};

const post = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const requests = (app: RawUpstream): number => (app.all.match(/ HTTP\/1\.1\r\n/g) ?? []).length;

describe('retries', () => {
  it('goes to another upstream when one refuses the connection, whatever the method', async () => {
    const app = await start((socket) => socket.write(ok('alive')));
    await proxy.publish([upstream('dead', await freePort()), upstream('alive', app.port)]);
    const client = await proxy.client();
    for (let count = 1; count <= 6; count += 1) {
      client.send(post('hello'));
      await client.until('alive'.repeat(1));
      expect(client.received).not.toContain('502');
      client.received = '';
    }
    expect(requests(app)).toBe(6);
  });

  it('answers as the edge does when nobody can be reached, and says so in the ledger', async () => {
    const records: RequestRecord[] = [];
    const recorded = Promise.withResolvers<void>();
    proxy.link.onLedger((batch) => {
      records.push(...batch);
      if (records.length === 2) recorded.resolve();
    });
    await proxy.publish([upstream('dead', await freePort())]);
    const answer = await proxy.exchange(get('/gone?x', closing));
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\nX-Edge: yes\r\n[^]*nobody answers [0-9a-f]{20}$/);
    expect(await proxy.exchange(`HEAD / HTTP/1.1\r\nHost: ${host}\r\n${closing}\r\n`)).toMatch(/\r\n\r\n$/);
    await recorded.promise;
    expect(records[0]).toMatchObject({ outcome: 'refused', status: 502, method: 'GET', path: '/gone', pool: 'app' });
    expect(records[0]).toMatchObject({ replica: 'dead', revision: 1 });
  });

  it('does not wait long for one that takes no connection: another one answers, or the edge, and the ledger says why', async () => {
    const records: RequestRecord[] = [];
    proxy.link.onLedger((batch) => records.push(...batch));
    const deaf = await DeafUpstream.start();
    const app = await start((socket) => socket.write(ok('alive')));
    const soonGivenUp = { dial: { attempts: 3, timeoutMs: 1_000 } };
    await proxy.publish([upstream('deaf', deaf.port), upstream('alive', app.port)], soonGivenUp);
    for (let count = 0; count < 2; count += 1) expect(await proxy.exchange(get('/', closing))).toContain('alive');
    await proxy.publish([upstream('deaf', deaf.port)], soonGivenUp);
    expect(await proxy.exchange(get('/', closing))).toMatch(/^HTTP\/1\.1 502 /);
    await expect
      .poll(() => records)
      .toContainEqual(
        expect.objectContaining({ outcome: 'connect-timeout', status: 502, replica: 'deaf', revision: 1 }),
      );
    deaf.close();
  });

  it('sends an idempotent request once more when a kept connection swallowed it', async () => {
    const app = await start((socket, text, connection) => {
      if (connection === 0 && text.includes('/2')) socket.end();
      else socket.write(ok('served'));
    });
    await proxy.publish([upstream('a', app.port)]);
    const client = await proxy.client();
    client.send(get('/1'));
    await client.until('served');
    client.received = '';
    client.send(get('/2'));
    await client.until('served');
    expect(app.received[0]).toContain('/2');
    expect(app.received[1]).toContain('/2');
  });

  it('repeats a request only at who is in the table by then', async () => {
    const old = await start((socket, text) => {
      if (!text.includes('/2')) socket.write(ok('old'));
    });
    const young = await start((socket) => socket.write(ok('young')));
    await proxy.publish([upstream('old', old.port)]);
    const client = await proxy.client();
    client.send(get('/1'));
    await client.until('old');
    client.received = '';
    client.send(get('/2'));
    await old.until(() => old.all.includes('/2'));
    await proxy.publish([upstream('young', young.port)]);
    old.sockets[0]?.end();
    await client.until('young');
    expect(requests(old)).toBe(2);
  });

  it('does not repeat a POST that an application may have seen', async () => {
    const app = await start((socket, text) => {
      if (text.startsWith('POST')) socket.end();
      else socket.write(ok('served'));
    });
    await proxy.publish([upstream('a', app.port)]);
    const client = await proxy.client();
    client.send(get());
    await client.until('served');
    client.send(post('hello'));
    await client.until('HTTP/1.1 502');
    expect(requests(app)).toBe(2);
  });

  it('sends an idempotent request that a fresh connection swallowed to another upstream, and says whose turn it was', async () => {
    const records: RequestRecord[] = [];
    proxy.link.onLedger((batch) => records.push(...batch));
    const dying = await start((socket) => socket.resetAndDestroy());
    const app = await start((socket) => socket.write(ok('alive')));
    await proxy.publish([upstream('dying', dying.port), { ...upstream('alive', app.port), revision: 2 }]);
    for (let count = 0; count < 4; count += 1) expect(await proxy.exchange(get('/', closing))).toContain('alive');
    expect(requests(dying)).toBeGreaterThan(0);
    await expect.poll(() => records.filter(({ passedOver }) => passedOver === 1)).toHaveLength(requests(dying));
  });

  it('goes on to another upstream when first a kept connection and then a fresh one to the same swallowed it', async () => {
    const dying = await start((socket, text) => {
      if (text.includes('/warm')) socket.write(ok('warm'));
      else socket.resetAndDestroy();
    });
    const busy = await start((socket, text) => void (text.includes('/long') || socket.write(ok('alive'))));
    const edge = { balance: 'least-requests' as const };
    await proxy.publish([upstream('busy', busy.port)], edge);
    for (let count = 0; count < 2; count += 1) (await proxy.client()).send(get('/long'));
    await busy.until(() => requests(busy) === 2);
    await proxy.publish([upstream('busy', busy.port), upstream('dying', dying.port)], edge);
    const client = await proxy.client();
    client.send(get('/warm'));
    await client.until('warm');
    client.send(get('/next'));
    await client.until('alive');
    expect(requests(dying)).toBe(3);
  });

  it('lets no POST that an application may have seen, and nobody twice, meet another one', async () => {
    const deadly = await Promise.all([1, 2, 3].map(() => start((socket) => socket.resetAndDestroy())));
    await proxy.publish(deadly.map((app, index) => upstream(`app-${index}`, app.port)));
    const seen = (): number => deadly.reduce((sum, app) => sum + requests(app), 0);
    expect(await proxy.exchange(get('/deadly', closing))).toMatch(/^HTTP\/1\.1 502/);
    expect(seen()).toBe(2);
    const client = await proxy.client();
    client.send(post('hello'));
    await client.until('HTTP/1.1 502');
    expect(seen()).toBe(3);
  });

  it('asks nobody else where the edge repeats only what a kept connection swallowed', async () => {
    const deadly = await Promise.all([1, 2].map(() => start((socket) => socket.resetAndDestroy())));
    await proxy.publish(
      deadly.map((app, index) => upstream(`app-${index}`, app.port)),
      { repeat: 'kept' },
    );
    expect(await proxy.exchange(get('/', closing))).toMatch(/^HTTP\/1\.1 502/);
    expect(deadly.reduce((sum, app) => sum + requests(app), 0)).toBe(1);
  });

  it('does not repeat a request that nobody else is there for, nor after an octet of the answer, nor half sent', async () => {
    const app = await start((socket, text, connection) => {
      if (connection === 0) socket.end(); // fresh
      else if (text.includes('/half')) socket.resetAndDestroy();
      else if (text.includes('/begun')) socket.end('HTTP/1.1 2');
      else socket.write(ok('served'));
    });
    await proxy.publish([upstream('a', app.port)]);
    expect(await proxy.exchange(get('/fresh', closing))).toMatch(/^HTTP\/1\.1 502/);
    const client = await proxy.client();
    client.send(get('/warm'));
    await client.until('served');
    client.send(get('/begun'));
    await client.until('HTTP/1.1 502');
    client.received = '';
    client.send(get('/warm'));
    await client.until('served');
    client.send(`PUT /half HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 9\r\n\r\nhalf`);
    await client.until('HTTP/1.1 502');
    expect(requests(app)).toBe(5);
  });

  it('does not use a connection that the upstream closed while it lay idle', async () => {
    const app = await start((socket) => socket.end(ok('served')));
    await proxy.publish([upstream('a', app.port)]);
    const client = await proxy.client();
    client.send(get());
    await client.until('served');
    await app.until(() => app.sockets[0]?.destroyed === true);
    client.received = '';
    client.send(post('hello'));
    await client.until('served');
    expect(requests(app)).toBe(2);
  });
});

describe('hold', () => {
  const hold = { hold: { seconds: 60, maxRequests: 3 } };

  it('keeps requests of an empty pool, with their bodies and in order, for the upstream that comes', async () => {
    await proxy.publish([], hold);
    const clients = await Promise.all([proxy.client(), proxy.client(), proxy.client()]);
    for (const [index, client] of clients.entries()) {
      client.send(post(`body-${index}`));
      await proxy.hasRead();
    }
    const order: string[] = [];
    const app = await start((socket, text) => {
      order.push(/body-\d/.exec(text)?.[0] ?? text);
      socket.write(ok('released'));
    });
    await proxy.publish([upstream('a', app.port)], hold);
    await Promise.all(clients.map((client) => client.until('released')));
    expect(order).toEqual(['body-0', 'body-1', 'body-2']);
  });

  it('turns away who comes when the budget is used up, and who has waited long enough', async () => {
    await proxy.publish([], { hold: { seconds: 3, maxRequests: 1 } });
    const waiting = await proxy.client();
    waiting.send(get());
    const second = await proxy.client();
    await proxy.hasRead();
    second.send(get());
    await second.until('502');
    expect(waiting.received).toBe('');
    await waiting.until('502');
  });

  it('keeps to the budget also where several workers share it', async () => {
    const both = await TestProxy.start(2);
    try {
      await both.publish([], { hold: { seconds: 60, maxRequests: 4 } });
      const clients = await Promise.all(Array.from({ length: 12 }, () => both.client()));
      for (const client of clients) client.send(get());
      const turnedAway = (): number => clients.filter(({ received }) => received.includes('502')).length;
      await expect.poll(turnedAway).toBeGreaterThanOrEqual(8);
      const app = await start((socket) => socket.write(ok('released')));
      await both.publish([upstream('a', app.port)]);
      const held = clients.filter(({ received }) => !received.includes('502'));
      await Promise.all(held.map((client) => client.until('released')));
      for (const client of clients) client.socket.destroy();
    } finally {
      await both.close();
    }
  });

  it('forgets a request whose client went away', async () => {
    await proxy.publish([], { hold: { seconds: 60, maxRequests: 1 } });
    const leaving = await proxy.client();
    leaving.send(get('/left'));
    await proxy.hasRead();
    leaving.socket.resetAndDestroy();
    await proxy.hasRead();
    const app = await start((socket) => socket.write(ok('released')));
    const staying = await proxy.client();
    staying.send(get('/stayed'));
    await proxy.hasRead();
    await proxy.publish([upstream('a', app.port)], hold);
    await staying.until('released');
    expect(app.all).not.toContain('/left');
  });
});

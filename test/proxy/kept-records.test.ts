import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { KeptRecords, recordFormat, recordsIn } from '../../src/protocol/index.ts';
import { RecordWriter } from '../../src/proxy/worker/record-writer.ts';
import { connectProxy } from '../../src/traffic/index.ts';
import type { ProxyLink } from '../../src/traffic/index.ts';
import { closing, get, program, soon, TestProxy, upstream } from './rig.ts';

/** What somebody who listens hears. */
const heardFrom = (link: ProxyLink) => {
  const heard = { paths: [] as string[], at: [] as number[], lost: 0, proxyNow: 0 };
  link.onLedger((records, lost, proxyNow = 0) => {
    for (const { path, at } of records) {
      heard.paths.push(path);
      heard.at.push(at);
    }
    heard.lost += lost;
    heard.proxyNow = proxyNow;
  });
  return heard;
};

describe('what users met while no supervisor was there', () => {
  it('is told once to each who asks of the next one, with its own time', async () => {
    const app = createServer((_request, response) => response.end('served'));
    await new Promise<void>((resolve) => {
      app.listen(0, '127.0.0.1', resolve);
    });
    const proxy = await TestProxy.start(2);
    const before = heardFrom(proxy.link);
    await proxy.publish([upstream('a', (app.address() as AddressInfo).port)]);
    await proxy.exchange(get('/before', closing));
    await expect.poll(() => before.paths).toEqual(['/before']);
    await proxy.link.close();

    const from = Date.now();
    for (const path of ['/away-1', '/away-2', '/away-3']) await proxy.exchange(get(path, closing));
    const until = Date.now();
    const again = await connectProxy({ stateFolder: proxy.stateFolder, program, signal: soon() });
    const first = heardFrom(again);
    await expect.poll(() => first.paths.length).toBe(3);
    await proxy.exchange(get('/back', closing));
    await expect.poll(() => first.paths.length).toBe(4);
    // Another environment, which was opened a moment later.
    const second = heardFrom(again);
    for (const heard of [first, second]) {
      expect(heard.paths.toSorted()).toEqual(['/away-1', '/away-2', '/away-3', '/back']);
      for (const at of heard.at.slice(0, 3)) expect([at >= from - 1_000, at <= until + 1_000]).toEqual([true, true]);
    }
    expect(Math.abs(second.proxyNow - Date.now())).toBeLessThan(5_000);
    expect([first.lost, second.lost]).toEqual([0, 0]);
    await again.close();

    // Nothing is told twice.
    const third = await connectProxy({ stateFolder: proxy.stateFolder, program, signal: soon() });
    const heard = heardFrom(third);
    await proxy.exchange(get('/last', closing));
    await expect.poll(() => heard.paths).toEqual(['/last']);
    await third.shutdown(soon());
    await proxy.remove();
    app.close();
  });

  it('is bounded: of more the oldest records go, and are counted', () => {
    const kept = new KeptRecords();
    const writer = new RecordWriter();
    const wholes = 60;
    for (let number = 0; number < wholes; number += 1) {
      for (let each = 0; each < 10; each += 1) writer.add({ ...record, path: `/${number}/${'x'.repeat(8_000)}` });
      kept.add({ kind: 'records', batch: writer.take(), dropped: 1 });
    }
    const [first, ...rest] = kept.all;
    const last = [...recordsIn(rest.at(-1)?.batch ?? empty)];
    expect(last[0]?.path).toMatch(/^\/59\//);
    expect(rest.length).toBeGreaterThan(10);
    expect(rest.length).toBeLessThan(wholes - 10);
    const there = (rest.length + 1) * 10;
    expect(there + (first?.dropped ?? 0) + rest.length).toBe(wholes * 11);
    kept.clear();
    expect(kept.all).toEqual([]);
    kept.drop(3);
    expect(kept.all).toMatchObject([{ dropped: 3, batch: { count: 0 } }]);
  });
});

const empty = { format: recordFormat, since: 0, names: [], count: 0, lines: '' };

const record = {
  at: 1_758_000_000_000,
  requestId: '',
  pool: 'p',
  generation: 1,
  revision: 1,
  replica: undefined,
  method: 'GET',
  status: 200,
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 1,
  outcome: 'ok',
} as const;

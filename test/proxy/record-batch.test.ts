import { describe, expect, it } from 'vitest';
import type { ReplicaId, RequestRecord } from '../../src/model/index.ts';
import { recordsIn } from '../../src/protocol/index.ts';
import { Ledger } from '../../src/proxy/worker/ledger.ts';
import { RecordWriter } from '../../src/proxy/worker/record-writer.ts';

const record = (changes: Partial<RequestRecord> = {}): RequestRecord => ({
  at: 1_758_000_000_000,
  requestId: 'abc00000001',
  pool: 'shop web', // names are anybody's choice, spaces and all
  generation: 3,
  revision: 2,
  replica: 'shop-web-1\n' as ReplicaId,
  method: 'GET',
  path: '/a/b',
  status: 200,
  bytesIn: 0,
  bytesOut: 12,
  durationMs: 4,
  outcome: 'ok',
  ...changes,
});

describe('records in batches', () => {
  it('come out as they went in', () => {
    const records = [
      record(),
      record({ at: 1_758_000_000_007, requestId: 'abc00000002', outcome: 'reset', status: 502 }),
      record({
        at: 1_757_999_999_000,
        pool: undefined,
        revision: undefined,
        replica: undefined,
        outcome: 'unknown-host',
      }),
      record({ method: 'TCP', path: '', bytesOut: 12_345_678_901 }),
      record({ passedOver: 3 }),
      record({ route: 'app.localhost/api', firstByteMs: 3 }),
      record({ route: '*/', passedOver: 4 }),
      record({ bytesIn: 9, bytesOut: 10, durationMs: 1_099, status: 0, generation: 2_147_483_648 }),
    ];
    const writer = new RecordWriter();
    for (const each of records) expect(writer.add(each)).toBe(true);
    expect([...recordsIn(writer.take())]).toEqual(records);
  });

  it('say whose they are and what host was asked for only to who wants to know', () => {
    const writer = new RecordWriter();
    const whose = record({ client: '::1', host: 'app.localhost:8080', passedOver: 12 });
    const refused = record({ client: '10.0.0.1', reason: 'line end without CR', method: '', path: '' });
    for (const each of [whose, refused]) writer.add(each, true);
    expect([...recordsIn(writer.take())]).toEqual([whose, refused]);
    writer.add(whose);
    expect([...recordsIn(writer.take())]).toEqual([record({ passedOver: 12 })]);
  });

  it('keep each its id, whether it goes on from the one before or not', () => {
    const ids = [
      'abc00000001',
      'abc00000002',
      '',
      'abc00000003',
      'abd00000003',
      'abc00000003',
      'no',
      'one',
      'two',
      'six',
      'abcd',
      'xbcd',
    ];
    const records = ids.map((requestId) => record({ requestId, path: `/${requestId}` }));
    const writer = new RecordWriter();
    for (let batch = 0; batch < 2; batch += 1) {
      for (const each of records) writer.add(each);
      expect([...recordsIn(writer.take())]).toEqual(records);
    }
  });

  it('begin anew with each batch', () => {
    const writer = new RecordWriter();
    writer.add(record({ pool: 'other' }));
    writer.take();
    writer.add(record());
    expect([...recordsIn(writer.take())]).toEqual([record()]);
    expect([...recordsIn(writer.take())]).toEqual([]);
  });

  it('refuse what no longer fits, but never the first', () => {
    const writer = new RecordWriter();
    const long = record({ path: `/${'x'.repeat(65_535)}` });
    expect(writer.add(long)).toBe(true);
    expect(writer.add(long)).toBe(false);
    expect([...recordsIn(writer.take())]).toEqual([long]);
    expect(writer.add(long)).toBe(true);
  });
});

describe('the ledger of a worker', () => {
  it('counts all of a flood of refusals and writes down some', () => {
    const loads: { count: number; dropped: number; refusals: object }[] = [];
    const ledger = new Ledger(({ batch, dropped, refusals }) => loads.push({ count: batch.count, dropped, refusals }));
    const refuse = (times: number): void => {
      for (let count = 0; count < times; count += 1)
        ledger.refuse({ outcome: 'bad-request', status: 400, reason: 'no Host', client: '127.0.0.1' });
      ledger.flush();
    };
    refuse(3);
    ledger.enable(true);
    refuse(1_000);
    refuse(1);
    expect(loads).toEqual([
      { count: 20, dropped: 0, refusals: { '400 no Host': 1_000 } },
      { count: 1, dropped: 0, refusals: { '400 no Host': 1 } },
    ]);
  });

  it('drops and counts when the master does not take what was sent', () => {
    const batches: { count: number; dropped: number; taken: () => void }[] = [];
    const ledger = new Ledger(({ batch, dropped }, taken) =>
      batches.push({ count: [...recordsIn(batch)].length, dropped, taken }),
    );
    const send = (records: number): void => {
      for (let index = 0; index < records; index += 1) ledger.add(record());
      ledger.flush();
    };
    ledger.enable(true);
    send(25_000);
    const kept = batches.reduce((sum, { count }) => sum + count, 0);
    expect(kept).toBe(20_000);
    expect(batches.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(5_000);
    for (const { taken } of batches.splice(0)) taken();
    send(10);
    expect(batches).toMatchObject([{ count: 10, dropped: 0 }]);
  });
});

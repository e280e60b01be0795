import { createHash } from 'node:crypto';
import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReplicaId, RouteTable } from '../../src/model/index.ts';
import { KeptTable } from '../../src/proxy/master/kept-table.ts';
import { changeBetween } from '../../src/traffic/table-change.ts';
import { edge, host } from './rig.ts';

let folder: string;
let table: string;
let tableChanges: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kept-'));
  [table, tableChanges] = [join(folder, 'table.json'), join(folder, 'table.changes')];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const listeners = [{ id: 'http', address: '127.0.0.1', port: 1_234 }];

const generation = (number: number, body = ''): RouteTable => ({
  generation: number,
  listeners: [
    { kind: 'http', id: 'http', address: '127.0.0.1', port: 0, routes: [{ host, pathPrefix: '/', pool: 'app' }] },
  ],
  pools: [
    {
      id: 'app',
      upstreams: [{ id: `app-${number}` as ReplicaId, revision: 1, address: { host: '127.0.0.1', port: 1 } }],
      edge: { ...edge, noUpstream: { ...edge.noUpstream, body } },
    },
  ],
  names: [],
  unknownHost: edge.unknownHost,
});

const kept = (): KeptTable => new KeptTable({ table, tableChanges });

const notWanted = (): never => {
  throw new Error('the whole table is not wanted');
};

const add = (to: KeptTable, number: number, whole: () => RouteTable = notWanted, body = ''): Promise<void> => {
  const change = changeBetween(generation(number - 1), generation(number, body));
  if (change === undefined) throw new Error('it has to go whole');
  return to.add(change, () => ({ table: whole(), listeners }));
};

/** Generations 1 to 4, of which the first was written whole. */
const four = async (): Promise<KeptTable> => {
  const file = kept();
  await file.write({ table: generation(1), listeners });
  for (const number of [2, 3, 4]) await add(file, number);
  return file;
};

const served = (number: number, warning?: unknown): unknown => ({
  kind: 'table',
  stored: expect.objectContaining({ table: generation(number), listeners }) as unknown,
  warning,
});

const unusable = (reason: string): unknown => ({
  kind: 'unusable',
  reason: expect.stringContaining(reason) as unknown,
});

describe('changes beside the last whole table', () => {
  it('are a part of it', async () => {
    await four();
    expect(JSON.parse(await readFile(table, 'utf8'))).toMatchObject({ table: { generation: 1 } });
    expect(await kept().read()).toEqual(served(4));
  });

  it('give way to a table that is written whole', async () => {
    const file = await four();
    await file.write({ table: generation(5), listeners });
    expect(await readdir(folder)).toEqual(['table.json']);
    await add(file, 6);
    expect(await kept().read()).toEqual(served(6));
  });

  it('are written whole by whoever does not know what lies there', async () => {
    await four();
    const successor = kept();
    await successor.read();
    await add(successor, 5, () => generation(5));
    expect(await readdir(folder)).toEqual(['table.json']);
    expect(await kept().read()).toEqual(served(5));
  });

  it.each<[string, () => Promise<unknown>]>([
    ['is gone', () => rm(tableChanges)],
    ['has been written to by somebody else', () => appendFile(tableChanges, 'x')],
  ])('are written whole when their file %s', async (_what, happens) => {
    const file = await four();
    await happens();
    await add(file, 5, () => generation(5));
    expect(await kept().read()).toEqual(served(5));
  });

  it('are too long once they are longer than the table itself, which a table written whole ends', async () => {
    const file = await four();
    expect(file.isLong).toBe(false);
    await add(file, 5, notWanted, 'x'.repeat(70_000));
    expect(file.isLong).toBe(true);
    await file.write({ table: generation(5), listeners });
    expect(file.isLong).toBe(false);
    expect(await kept().read()).toEqual(served(5));
  });
});

describe('after a crash', () => {
  it.each([1, 20, 300])('a change whose last %i octets were not written yet is left out, and told', async (missing) => {
    await four();
    const text = await readFile(tableChanges, 'utf8');
    await writeFile(tableChanges, text.slice(0, -missing));
    expect(await kept().read()).toEqual(served(3, expect.stringContaining('torn')));
    // Nothing is taken away from what can be used.
    expect(await kept().read()).toMatchObject({ kind: 'table' });
  });

  it('a first change that was not written whole is left out, and told', async () => {
    await kept().write({ table: generation(1), listeners });
    await writeFile(tableChanges, '{"format": "pointsman-proxy-tab');
    expect(await kept().read()).toEqual(served(1, expect.stringContaining('torn')));
  });

  it('changes from before a table that was written whole are none of it', async () => {
    const file = await four();
    const aside = join(folder, 'aside');
    await copyFile(tableChanges, aside);
    await file.write({ table: generation(4), listeners });
    // Killed before it had removed them.
    await copyFile(aside, tableChanges);
    expect(await kept().read()).toEqual(served(4));
  });

  it('a table that was being written whole is none, and the one before with its changes serves', async () => {
    await four();
    const text = await readFile(table, 'utf8');
    await writeFile(`${table}.0.tmp`, text.slice(0, 100));
    expect(await kept().read()).toEqual(served(4));
  });
});

describe('what a proxy of before has kept', () => {
  it('serves, under the checksums of then', async () => {
    await four();
    const sum = (text: string): string => createHash('sha256').update(text).digest('hex');
    const { format, table: first, ...rest } = JSON.parse(await readFile(table, 'utf8')) as Record<string, unknown>;
    const content = { table: first, listeners: rest['listeners'] };
    const checksum = sum(JSON.stringify(content));
    await writeFile(table, JSON.stringify({ format, version: 3, checksum, ...content }));
    const [, ...lines] = (await readFile(tableChanges, 'utf8')).trim().split('\n');
    let before = checksum;
    const former = lines.map((line) => {
      const change = line.slice(line.indexOf(' ') + 1);
      before = sum(before + change);
      return `${before} ${change}\n`;
    });
    const head = JSON.stringify({ format: 'pointsman-proxy-table-changes', version: 1, follows: checksum });
    await writeFile(tableChanges, `${head}\n${former.join('')}`);
    expect(await kept().read()).toEqual(served(4));
    await writeFile(tableChanges, `${head}\n${former.join('').replace('app-3', 'app-9')}`);
    expect(await kept().read()).toEqual(unusable('line 3 is damaged'));
  });
});

describe('what can not be used', () => {
  const damages: [string, (text: string) => string, string][] = [
    ['changed in the middle', (text) => text.replace('app-3', 'app-9'), 'line 3 is damaged'],
    ['without a line in the middle', (text) => text.split('\n').toSpliced(2, 1).join('\n'), 'line 3 is damaged'],
    ['of another version', (text) => text.replace('"version":2', '"version":9'), 'their version is 9'],
    ['foreign', () => '{"services": []}\n{}\n', 'not changes of a table of this proxy'],
  ];

  it.each(damages)(
    'changes %s: neither is the table without them, both are put aside',
    async (_what, damage, reason) => {
      await four();
      const [whole, text] = [await readFile(table, 'utf8'), await readFile(tableChanges, 'utf8')];
      await writeFile(tableChanges, damage(text));
      expect(await kept().read()).toEqual(unusable(reason));
      expect(await readFile(`${table}.unusable`, 'utf8')).toBe(whole);
      expect(await readFile(`${tableChanges}.unusable`, 'utf8')).toBe(damage(text));
      expect(await kept().read()).toEqual({ kind: 'none' });
    },
  );

  it('changes of another table', async () => {
    await four();
    await mkdir(join(folder, 'other'));
    const other = new KeptTable({
      table: join(folder, 'other/table.json'),
      tableChanges: join(folder, 'other/table.changes'),
    });
    await other.write({ table: { ...generation(1), unknownHost: { ...edge.unknownHost, status: 410 } }, listeners });
    await copyFile(join(folder, 'other/table.json'), table);
    expect(await kept().read()).toEqual(unusable('they follow another table'));
  });

  it('changes without a table', async () => {
    await four();
    await rm(table);
    expect(await kept().read()).toEqual(unusable('there is no'));
  });

  it('a table whose changes are good', async () => {
    await four();
    await writeFile(table, '{"format": ');
    expect(await kept().read()).toEqual(unusable('torn'));
    expect((await readdir(folder)).toSorted()).toEqual(['table.changes.unusable', 'table.json.unusable']);
  });
});

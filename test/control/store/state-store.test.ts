import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { openStateFile, StateStore } from '../../../src/control/store/index.ts';
import { codeOf, deploy } from '../../contract/deploy-rows.ts';

const folders: string[] = [];
const place = { path: '' };

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-store-'));
  folders.push(folder);
  place.path = join(folder, 'state', 'state.db');
});
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

test('what was written is there after a reopening, in the order of its first writing', () => {
  const store = new StateStore(openStateFile(place.path));
  store.commit([deploy('a'), deploy('b')]);
  store.record([deploy('c'), deploy('a', 'changed'), { table: 'deploys', key: 'b', row: undefined }]);
  store.close();
  const again = new StateStore(openStateFile(place.path));
  expect(again.all('deploys').map(({ id, cause }) => `${id} ${cause}`)).toEqual(['a changed', 'c by hand']);
  again.close();
});

test('the file is readable for its owner only, for it holds variables and secrets', () => {
  const store = new StateStore(openStateFile(place.path));
  expect(statSync(place.path).mode & 0o777).toBe(0o600);
  store.close();
});

test("another program's database and a text file are refused and left alone", () => {
  const other = join(place.path, '..', '..', 'other.db');
  const database = new DatabaseSync(other);
  database.exec('CREATE TABLE theirs (id INTEGER)');
  database.close();
  expect(codeOf(() => new StateStore(openStateFile(other)))).toBe('STATE_FOREIGN');
  const text = join(place.path, '..', '..', 'text.db');
  writeFileSync(text, 'this is no database at all, only a text that is long enough\n'.repeat(20));
  expect(codeOf(() => new StateStore(openStateFile(text)))).toBe('STATE_FOREIGN');
});

test('a file of a newer version is refused', () => {
  new StateStore(openStateFile(place.path)).close();
  const database = new DatabaseSync(place.path);
  database.exec('PRAGMA user_version = 999');
  database.close();
  expect(codeOf(() => new StateStore(openStateFile(place.path)))).toBe('STATE_FOREIGN');
});

test('while the file cannot be written a commit changes nothing, a record is kept and written later', () => {
  const store = new StateStore(openStateFile(place.path));
  store.commit([deploy('before')]);
  const blocker = new DatabaseSync(place.path);
  blocker.exec('BEGIN IMMEDIATE');
  expect(codeOf(() => store.commit([deploy('refused')]))).toBe('STATE_WRITE_FAILED');
  expect(store.get('deploys', 'refused')).toBeUndefined();
  store.record([deploy('happened')]);
  expect(store.get('deploys', 'happened')).toBeDefined();
  expect(store.failure?.code).toBe('STATE_WRITE_FAILED');
  blocker.exec('ROLLBACK');
  blocker.close();
  expect(store.retry()).toBe(true);
  expect(store.failure).toBeUndefined();
  store.close();
  const again = new StateStore(openStateFile(place.path));
  expect(again.all('deploys').map((row) => row.id)).toEqual(['before', 'happened']);
  again.close();
});

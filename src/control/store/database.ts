import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { PointsmanError } from '../../model/index.ts';
import { tableNames } from './rows.ts';

/** 'PtsM': says whose file this is. */
const applicationId = 0x5074734d;

/** Each entry brings the file from its index to the next version; entries are never changed once released. */
const migrations: readonly ((database: DatabaseSync) => void)[] = [
  (database) => {
    for (const table of tableNames) {
      database.exec(`CREATE TABLE ${table} (key TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT`);
    }
  },
];

/** Opens or creates the state file. Throws STATE_FOREIGN for another program's or a newer version's file. */
export const openDatabase = (path: string): DatabaseSync => {
  let opened: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    opened = new DatabaseSync(path, { timeout: 100 });
    // Variables and secrets stand in it.
    chmodSync(path, 0o600);
    prepare(opened, path);
    return opened;
  } catch (error) {
    opened?.close();
    throw stateError(error, path);
  }
};

/** Any failure of the state file as one of the two coded errors. */
export const stateError = (error: unknown, path: string): PointsmanError => {
  if (error instanceof PointsmanError) return error;
  const said = error instanceof Error ? error.message : String(error);
  if (notADatabase.has(resultCode(error) ?? 0)) return foreign(path, `is not a usable state file (${said})`, error);
  return new PointsmanError('STATE_WRITE_FAILED', {
    message: `The state in ${path} cannot be written: ${said}`,
    fix: 'Free space on that disk or make the folder writable; what runs goes on running and serving meanwhile.',
    cause: error,
  });
};

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const notADatabase = new Set([11, 26]);

const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;

const prepare = (database: DatabaseSync, path: string): void => {
  const owner = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get();
  if (owner !== applicationId && (owner !== 0 || Number(tables?.['count']) > 0)) {
    throw foreign(path, 'belongs to another program');
  }
  if (version > migrations.length) {
    throw foreign(path, `was written by a newer Pointsman (format ${version}, this one knows ${migrations.length})`);
  }
  // WAL: a reader is never in the way, and a kill at any instruction leaves the last committed state.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  migrations.slice(version).forEach((migrate, index) => {
    database.exec('BEGIN IMMEDIATE');
    migrate(database);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + index + 1}; COMMIT`);
  });
};

const pragma = (database: DatabaseSync, name: string): number =>
  Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);

const foreign = (path: string, why: string, cause?: unknown): PointsmanError =>
  new PointsmanError('STATE_FOREIGN', {
    message: `${path} ${why}`,
    fix: 'Choose another folder with --state-dir, or move that file away; it was not changed.',
    cause,
  });

import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { openDatabase, stateError } from './database.ts';
import type { TableName } from './rows.ts';
import type { StateFile, TableRows } from './state-file.ts';
import { perTable } from './state-file.ts';

interface Statements {
  readonly put: StatementSync;
  readonly drop: StatementSync;
}

/** One SQLite file, opened or made. Throws STATE_FOREIGN, STATE_WRITE_FAILED. */
export const openStateFile = (path: string): StateFile => {
  const database = openDatabase(path);
  const statements = perTable((table): Statements => ({
    put: database.prepare(`INSERT INTO ${table} VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET row = excluded.row`),
    drop: database.prepare(`DELETE FROM ${table} WHERE key = ?`),
  }));
  return {
    read: () => perTable((table) => readTable(database, table)) as TableRows,
    write: (changes) => {
      try {
        database.exec('BEGIN IMMEDIATE');
        for (const { table, key, row } of changes) {
          if (row === undefined) statements[table].drop.run(key);
          else statements[table].put.run(key, JSON.stringify(row));
        }
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw stateError(error, path);
      }
    },
    close: () => {
      if (database.isOpen) database.close();
    },
  };
};

const readTable = (database: DatabaseSync, table: TableName): Map<string, unknown> =>
  new Map(
    database
      .prepare(`SELECT key, row FROM ${table} ORDER BY rowid`)
      .all()
      .map((stored) => [String(stored['key']), JSON.parse(String(stored['row']))]),
  );

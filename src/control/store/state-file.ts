import type { Change, Rows, TableName } from './rows.ts';
import { tableNames } from './rows.ts';

export type TableRows = { readonly [Table in TableName]: Map<string, Rows[Table]> };

/** Where state outlives a supervisor: a SQLite file here, memory in simulations. */
export interface StateFile {
  /** All rows by key, in order of first insertion. */
  read(): TableRows;
  /** All or nothing, safe before it returns. Throws STATE_WRITE_FAILED. */
  write(changes: readonly Change[]): void;
  close(): void;
}

export const perTable = <Value>(make: (table: TableName) => Value): { readonly [Table in TableName]: Value } =>
  Object.fromEntries(tableNames.map((table) => [table, make(table)])) as { readonly [Table in TableName]: Value };

import type { ServiceName } from '../../model/index.ts';
import { errorReport, PointsmanError } from '../../model/index.ts';
import type { Change, Rows, TableName } from './rows.ts';
import type { ServiceTable } from './service-index.ts';
import { isServiceTable, ServiceIndex } from './service-index.ts';
import type { StateFile, TableRows } from './state-file.ts';

/**
 * All state, in memory and in one file. Reading never touches the disk. `commit` is for decisions that must not
 * be forgotten: it throws and changes nothing when the file can't be written. `record` is for what has happened
 * already: memory has it at once, and what could not be written is written later.
 */
export class StateStore {
  readonly #file: StateFile;
  readonly #rows: TableRows;
  readonly #byService: ServiceIndex;
  readonly #unwritten = new Map<string, Change>();
  #failure: PointsmanError | undefined;
  #closed = false;

  constructor(file: StateFile) {
    this.#file = file;
    this.#rows = file.read();
    this.#byService = new ServiceIndex(this.#rows);
  }

  /** Why the last write failed; undefined while everything is written. */
  get failure(): PointsmanError | undefined {
    return this.#failure;
  }

  get<Table extends TableName>(table: Table, key: string): Rows[Table] | undefined {
    return this.#table(table).get(key);
  }

  /** In order of first insertion. */
  all<Table extends TableName>(table: Table): readonly Rows[Table][] {
    return [...this.#table(table).values()];
  }

  /** One service's, in order of first insertion. */
  of<Table extends ServiceTable>(table: Table, service: ServiceName): readonly Rows[Table][] {
    return this.#byService.of(table, service);
  }

  entries<Table extends TableName>(table: Table): readonly (readonly [string, Rows[Table]])[] {
    return [...this.#table(table)];
  }

  count(table: TableName): number {
    return this.#rows[table].size;
  }

  /** All or nothing, on disk before it returns. Throws STATE_WRITE_FAILED. */
  commit(changes: readonly Change[]): void {
    this.#write([...this.#unwritten.values(), ...changes]);
    this.#unwritten.clear();
    for (const change of changes) this.#remember(change);
  }

  /** Never throws: memory is changed now, the file now or at a later try. */
  record(changes: readonly Change[]): void {
    for (const change of changes) this.#remember(change);
    const isAlone = this.#unwritten.size === 0 && changes.length > 0;
    if (isAlone && this.#canWrite(changes)) return;
    for (const change of changes) this.#unwritten.set(`${change.table}/${change.key}`, change);
    if (!isAlone) this.retry();
  }

  /** Writes what could not be written before. Returns whether everything is on disk now. */
  retry(): boolean {
    const isAllWritten = this.#unwritten.size === 0;
    // A decision that was refused left nothing to write; whether the next one would be is worth knowing all the same.
    if (this.#closed || (isAllWritten && this.#failure === undefined)) return isAllWritten;
    if (!this.#canWrite([...this.#unwritten.values()])) return false;
    this.#unwritten.clear();
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.retry();
    this.#closed = true;
    this.#file.close();
  }

  #table<Table extends TableName>(table: Table): Map<string, Rows[Table]> {
    return this.#rows[table];
  }

  #remember(change: Change): void {
    if (isServiceTable(change.table)) this.#index(change.table, change.key, change.row);
    const table = this.#rows[change.table] as Map<string, unknown>;
    if (change.row === undefined) table.delete(change.key);
    else table.set(change.key, change.row);
  }

  #index(table: ServiceTable, key: string, row: Change['row']): void {
    const before = this.#rows[table].get(key);
    if (row !== undefined) this.#byService.put(table, key, row as Rows[typeof table]);
    else if (before !== undefined) this.#byService.drop(table, key, before);
  }

  /** Writes them. Why it could not is told by `failure`. */
  #canWrite(changes: readonly Change[]): boolean {
    if (this.#closed) return false;
    try {
      this.#write(changes);
      return true;
    } catch {
      return false;
    }
  }

  #write(changes: readonly Change[]): void {
    try {
      this.#file.write(changes);
      this.#failure = undefined;
    } catch (error) {
      this.#failure =
        error instanceof PointsmanError
          ? error
          : new PointsmanError('STATE_WRITE_FAILED', { message: errorReport(error).message, cause: error });
      throw this.#failure;
    }
  }
}

import type { Change, StateFile } from '../../src/control/store/index.ts';
import type { TableRows } from '../../src/control/store/state-file.ts';
import { tableNames } from '../../src/control/store/rows.ts';
import { perTable } from '../../src/control/store/state-file.ts';
import { PointsmanError } from '../../src/model/index.ts';

/** What somebody wrote, until it is read for the first time: from then on what a file would give back of it. */
interface Cell {
  row: unknown;
  isRead: boolean;
}

/** A disk in memory: what was written survives whoever wrote it, as the JSON that a file would hold. */
export class SimDisk {
  isFull = false;
  /** When it was last full, or is to have room again. */
  fullUntil = Number.NEGATIVE_INFINITY;
  readonly #cells = perTable(() => new Map<string, Cell>());

  /** What stood on it at the end of another story. A cell is never written twice: both may have it. */
  takeOver(earlier: SimDisk): void {
    for (const table of tableNames) for (const [key, cell] of earlier.#cells[table]) this.#cells[table].set(key, cell);
  }

  /** `write` says when a write really takes place: it may be the last thing its writer does. */
  file(write: (effect: () => void, changes: readonly Change[]) => void = (effect) => effect()): StateFile {
    return {
      read: () => perTable((table) => rowsOf(this.#cells[table])) as TableRows,
      write: (changes) => {
        if (this.isFull) throw new PointsmanError('STATE_WRITE_FAILED', { message: 'the disk is full' });
        write(() => this.#apply(changes), changes);
      },
      close: () => undefined,
    };
  }

  #apply(changes: readonly Change[]): void {
    for (const { table, key, row } of changes) {
      if (row === undefined) this.#cells[table].delete(key);
      else this.#cells[table].set(key, { row, isRead: false });
    }
  }
}

const rowsOf = (cells: ReadonlyMap<string, Cell>): Map<string, unknown> => {
  const rows = new Map<string, unknown>();
  for (const [key, cell] of cells) rows.set(key, asRead(cell));
  return rows;
};

/** A row is never changed, only replaced: what a file would give back of it is worked out once. */
const asRead = (cell: Cell): unknown => {
  if (!cell.isRead) cell.row = JSON.parse(JSON.stringify(cell.row));
  cell.isRead = true;
  return cell.row;
};

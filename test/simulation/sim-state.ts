import type { Change, StateFile } from '../../src/control/store/index.ts';
import type { TableRows } from '../../src/control/store/state-file.ts';
import { tableNames } from '../../src/control/store/rows.ts';
import { perTable } from '../../src/control/store/state-file.ts';
import { PointsmanError } from '../../src/model/index.ts';

/** A disk in memory: what was written survives whoever wrote it, as the JSON that a file would hold. */
export class SimDisk {
  isFull = false;
  /** When it was last full, or is to have room again. */
  fullUntil = Number.NEGATIVE_INFINITY;
  readonly #rows = perTable(() => new Map<string, unknown>());

  /** What stood on it at the end of another story. */
  takeOver(earlier: SimDisk): void {
    for (const table of tableNames) for (const [key, row] of earlier.#rows[table]) this.#rows[table].set(key, row);
  }

  /** `write` says when a write really takes place: it may be the last thing its writer does. */
  file(write: (effect: () => void, changes: readonly Change[]) => void = (effect) => effect()): StateFile {
    return {
      read: () => perTable((table) => new Map(entriesOf(this.#rows[table]))) as TableRows,
      write: (changes) => {
        if (this.isFull) throw new PointsmanError('STATE_WRITE_FAILED', { message: 'the disk is full' });
        write(() => this.#apply(changes), changes);
      },
      close: () => undefined,
    };
  }

  #apply(changes: readonly Change[]): void {
    for (const { table, key, row } of changes) {
      if (row === undefined) this.#rows[table].delete(key);
      else this.#rows[table].set(key, row);
    }
  }
}

const entriesOf = (rows: ReadonlyMap<string, unknown>): readonly (readonly [string, unknown])[] =>
  [...rows].map(([key, row]) => [key, asRead(row)]);

/** A row is never changed, only replaced: what a file would give back of it is worked out once. */
const asRead = (row: unknown): unknown => {
  if (typeof row !== 'object' || row === null) return row;
  const known = readings.get(row) ?? (JSON.parse(JSON.stringify(row)) as object);
  readings.set(row, known);
  readings.set(known, known);
  return known;
};

const readings = new WeakMap<object, object>();

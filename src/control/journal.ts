import type { Clock } from '../lib/index.ts';
import type { Operation } from '../model/index.ts';
import { operationKey } from '../model/index.ts';
import type { JournalEntry, StateStore } from './store/index.ts';

const keptEntries = 1000;
const trimmedTogether = 100;

/** Intent before, outcome after each operation. Nothing is decided from it: the planner looks at facts. It tells people what happened. */
export class Journal {
  readonly #store: StateStore;
  readonly #clock: Clock;
  #sequence: number;

  constructor(store: StateStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#sequence = store.all('journal').at(-1)?.sequence ?? 0;
    this.#closeLeftOpen();
  }

  begin(operation: Operation): JournalEntry {
    this.#sequence += 1;
    const entry: JournalEntry = {
      sequence: this.#sequence,
      key: operationKey(operation),
      operation,
      begunAt: this.#clock.now(),
      endedAt: undefined,
      outcome: undefined,
    };
    this.#put(entry);
    return entry;
  }

  end(entry: JournalEntry, outcome: NonNullable<JournalEntry['outcome']>): void {
    this.#put({ ...entry, endedAt: this.#clock.now(), outcome });
    if (this.#store.count('journal') > keptEntries + trimmedTogether) {
      const old = this.#store.all('journal').slice(0, -keptEntries);
      this.#store.record(old.map(({ sequence }) => ({ table: 'journal', key: String(sequence), row: undefined })));
    }
  }

  /** A supervisor before this one was killed in the middle: whether the effect took place, the next observation shows. */
  #closeLeftOpen(): void {
    for (const entry of this.#store.all('journal')) {
      if (entry.outcome === undefined) this.end(entry, 'cancelled');
    }
  }

  #put(entry: JournalEntry): void {
    this.#store.record([{ table: 'journal', key: String(entry.sequence), row: entry }]);
  }
}

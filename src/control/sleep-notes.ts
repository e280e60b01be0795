import type { Clock } from '../lib/index.ts';
import type { Instant, NewEvent, Sleep } from '../model/index.ts';
import { lengthOf } from './length-of-time.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import type { StateStore } from './store/index.ts';

/** Whatever is waited for has an end that is nearer than so many. */
const keptSleeps = 100;

export interface SleepNotesParts {
  readonly clock: Clock;
  readonly store: StateStore;
  readonly records: Records;
  readonly onEvent: (event: NewEvent) => void;
}

/** What the clock noticed is written down, for this supervisor's decisions and those of the next one, and told. */
export class SleepNotes {
  readonly #parts: SleepNotesParts;
  #notedUntil: Instant;

  constructor(parts: SleepNotesParts) {
    this.#parts = parts;
    this.#notedUntil = parts.clock.now();
  }

  /** Before anything is decided by a time that was read. */
  note(): void {
    const { clock, store, records, onEvent } = this.#parts;
    if ((clock.sleeps.at(-1)?.to ?? 0) <= this.#notedUntil) return;
    const fresh = clock.sleeps.filter(({ to }) => to > this.#notedUntil);
    const settings = records.settings();
    const sleeps = [...(settings.sleeps ?? []), ...fresh].slice(-keptSleeps);
    store.record([put.settings({ ...settings, sleeps })]);
    for (const sleep of fresh) {
      this.#notedUntil = sleep.to;
      onEvent({ severity: 'warning', reason: 'MachineSlept', message: wordsOf(sleep) });
    }
  }
}

const wordsOf = ({ from, to }: Sleep): string =>
  `nothing ran here for ${lengthOf(to - from)}: the machine was asleep, the supervisor was halted, or the clock was set forward; what is waited for goes on`;

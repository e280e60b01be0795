import type { Clock } from '../lib/index.ts';
import type { Event, NewEvent } from '../model/index.ts';
import { Broadcast } from './broadcast.ts';
import type { Log } from './log.ts';
import type { Change, StateStore } from './store/index.ts';
import type { EventFilter } from './supervisor-control.ts';

const keptEvents = 5000;
/** Dropped at once, so that trimming is rare. */
const trimmedTogether = 250;

export interface EventLogParts {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Everything that happened, numbered: kept in the store, told to whoever follows, written to the log. */
export class EventLog {
  readonly #parts: EventLogParts;
  readonly #broadcast = new Broadcast<Event>();
  #sequence: number;

  constructor(parts: EventLogParts) {
    this.#parts = parts;
    this.#sequence = parts.store.all('events').at(-1)?.sequence ?? 0;
  }

  /** `changes` are written down with it, all or none. */
  add(happened: NewEvent, changes: readonly Change[] = []): void {
    const { store, clock, log } = this.#parts;
    this.#sequence += 1;
    const event: Event = { sequence: this.#sequence, at: clock.now(), ...happened };
    store.record([...changes, { table: 'events', key: String(event.sequence), row: event }]);
    if (store.count('events') > keptEvents + trimmedTogether) this.#trim();
    log[event.severity === 'warning' ? 'warn' : event.severity](event, event.message);
    this.#broadcast.send(event);
  }

  async *read(filter: EventFilter, signal: AbortSignal): AsyncGenerator<Event> {
    const isAskedFor = (event: Event): boolean =>
      (filter.service === undefined || event.service === filter.service) && event.sequence > (filter.after ?? 0);
    // Subscribed before the stored ones are read: nothing falls between the two.
    const coming = filter.follow ? this.#broadcast.subscribe(signal) : [];
    const stored = this.#parts.store.all('events');
    const asked = stored.filter(isAskedFor);
    yield* asked.slice(filter.tail === undefined ? 0 : Math.max(0, asked.length - filter.tail));
    const last = stored.at(-1)?.sequence ?? 0;
    for await (const event of coming) if (event.sequence > last && isAskedFor(event)) yield event;
  }

  end(): void {
    this.#broadcast.end();
  }

  #trim(): void {
    const { store } = this.#parts;
    const old = store.all('events').slice(0, -keptEvents);
    store.record(old.map((event) => ({ table: 'events', key: String(event.sequence), row: undefined })));
  }
}

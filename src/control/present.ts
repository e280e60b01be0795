import type { Clock } from '../lib/index.ts';
import type { EventLog } from './event-log.ts';
import { lengthOf } from './length-of-time.ts';
import type { Change, StateStore, TableName } from './store/index.ts';

/** Their rows hold what waits are counted from: when something was started, drained, signalled, how far a rollout is, what was slept through. */
const tablesOfWaits = ['replicas', 'slots', 'rollouts', 'settings'] as const satisfies readonly TableName[];

/** Whatever number is larger is an instant: these rows hold nothing else of the kind. The ninth of September 2001. */
const firstInstant = 1_000_000_000_000;

/**
 * The clock was set back while no supervisor ran: what the last one wrote lies in the future, and waits counted from it
 * would last longer by as much. Everything is moved back together, as if no time had passed, and once: the event that says so is
 * the last one from then on, and older ones keep the times that the clock showed.
 */
export const bringToPresent = ({ store, clock, events }: PresentParts): void => {
  const tooLate = (store.all('events').at(-1)?.at ?? 0) - clock.now();
  if (tooLate <= 0) return;
  const message = `the clock is ${lengthOf(tooLate)} behind what it showed the supervisor before; what is waited for goes on as if no time had passed`;
  const changes = tablesOfWaits.flatMap((table) => movedBack(store, table, tooLate));
  events.add({ severity: 'warning', reason: 'ClockSetBack', message }, changes);
};

interface PresentParts {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly events: EventLog;
}

const movedBack = (store: StateStore, table: (typeof tablesOfWaits)[number], by: number): readonly Change[] =>
  store.entries(table).map(([key, row]) => ({ table, key, row: moved(row, by) }) as Change);

const moved = (value: unknown, by: number): unknown => {
  if (typeof value === 'number') return value >= firstInstant ? value - by : value;
  if (Array.isArray(value)) return value.map((each) => moved(each, by));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, moved(each, by)]));
};

import type { Sleep } from '../lib/index.ts';
import type { Instant } from './brand.ts';

export type { Sleep } from '../lib/index.ts';

/** When so many milliseconds will have passed, sleeps apart. These are in order and don't overlap. */
export const dueAfter = (sleeps: readonly Sleep[] | undefined, from: Instant, milliseconds: number): Instant => {
  let due = from + milliseconds;
  for (const sleep of sleeps ?? []) if (sleep.from < due) due += sleptIn(sleep, from, sleep.to);
  return due;
};

/** Milliseconds of that time in which nobody was awake. */
export const sleptBetween = (sleeps: readonly Sleep[] | undefined, from: Instant, to: Instant): number =>
  (sleeps ?? []).reduce((sum, sleep) => sum + sleptIn(sleep, from, to), 0);

/** Since when so many milliseconds have passed until now, sleeps apart. */
export const awakeSince = (sleeps: readonly Sleep[] | undefined, now: Instant, milliseconds: number): Instant =>
  (sleeps ?? []).reduceRight((since, { from, to }) => (to > since ? since - (to - from) : since), now - milliseconds);

const sleptIn = (sleep: Sleep, from: Instant, to: Instant): number =>
  Math.max(0, Math.min(sleep.to, to) - Math.max(sleep.from, from));

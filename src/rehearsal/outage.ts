import type { Sample } from './sample.ts';

/**
 * The longest stretch, by intended start, in which everything that was sent failed: from the first failed start to the
 * next successful one, or to the end of the load.
 */
export const longestOutage = (samples: readonly Sample[], end: number): number => {
  let longest = 0;
  let downSince: number | undefined;
  for (const { start, cause } of samples.toSorted((one, other) => one.start - other.start)) {
    if (cause !== undefined) {
      downSince ??= start;
    } else if (downSince !== undefined) {
      longest = Math.max(longest, start - downSince);
      downSince = undefined;
    }
  }
  if (downSince !== undefined) longest = Math.max(longest, end - downSince);
  return Math.round(longest);
};

export interface Interval {
  readonly start: number;
  readonly end: number;
}

/**
 * For streams: the longest time in which none of them was open, counted from the first thing that broke in it. The
 * moment between a clean end and the client's return is no outage.
 */
export const longestStreamOutage = (open: readonly Interval[], failures: readonly number[], end: number): number => {
  const lengths = gaps(open, end).map((gap) => {
    const inGap = failures.filter((time) => gap.start <= time && time <= gap.end);
    return inGap.length === 0 ? 0 : gap.end - Math.min(...inGap);
  });
  return Math.round(Math.max(0, ...lengths));
};

const gaps = (open: readonly Interval[], end: number): readonly Interval[] => {
  const found: Interval[] = [];
  let coveredUntil = 0;
  for (const interval of open.toSorted((one, other) => one.start - other.start)) {
    if (interval.start > coveredUntil) found.push({ start: coveredUntil, end: interval.start });
    coveredUntil = Math.max(coveredUntil, interval.end);
  }
  if (coveredUntil < end) found.push({ start: coveredUntil, end });
  return found;
};

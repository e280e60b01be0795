import { setTimeout as delay } from 'node:timers/promises';

/** The time of one run: milliseconds since its load began, from a clock that never jumps. */
export interface RunClock {
  now(): number;
  /** Where an instant of the supervisor lies on this run's time line. */
  fromInstant(instant: number): number;
}

export const startRunClock = (): RunClock => {
  const origin = performance.now();
  const wallOrigin = Date.now();
  return {
    now: () => performance.now() - origin,
    fromInstant: (instant) => instant - wallOrigin,
  };
};

/** Throws the signal's reason when aborted. Keeps the process alive: a rehearsal that waits is at work. */
export const pause = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  await delay(Math.max(milliseconds, 0), undefined, { signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error;
  });
};

/** Time as a port: the real one here, a virtual one in simulations. Milliseconds. */
export interface Clock {
  now(): number;
  /** Calls back once after so many milliseconds unless cancelled; does not keep the process alive. */
  after(milliseconds: number, callback: () => void): Cancel;
  /** Those noticed since the process began, the newest so many; in order. `now` counts them, `after` need not. */
  readonly sleeps: readonly Sleep[];
  /** Calls back soon after each of them. */
  onSleep(callback: () => void): Cancel;
}
export type Cancel = () => void;

/** Time that went by on the clock and not for this process: the machine slept, the process was halted, or the clock was set forward. */
export interface Sleep {
  readonly from: number;
  readonly to: number;
}

/** Longest delay a Node timer takes; longer ones would fire at once. */
const longestTimer = 2 ** 31 - 1;
/** Somebody reads the time at least as often; if nobody did for much longer, nobody could. */
const beatMs = 5000;
const shortestSleepMs = 15_000;
const keptSleeps = 100;

/** The time of day as long as nobody sets the clock back: by so much it is ahead from then on. What was to happen in a second still does. */
export const neverBack = (timeOfDay: () => number): (() => number) => {
  const told = { last: 0, ahead: 0 };
  return () => {
    const at = timeOfDay() + told.ahead;
    if (at < told.last) told.ahead += told.last - at;
    told.last = Math.max(at, told.last);
    return told.last;
  };
};

/** Where nobody read the time for too long, that time was slept through. */
export const noticingSleep = (time: () => number, onSleep: (sleep: Sleep) => void): (() => number) => {
  const read = { last: Number.POSITIVE_INFINITY };
  return () => {
    const [from, to] = [read.last, time()];
    read.last = to;
    if (to - from >= shortestSleepMs) onSleep({ from, to });
    return to;
  };
};

const sleeps: Sleep[] = [];
const listeners = new Set<() => void>();
const read = noticingSleep(
  neverBack(() => Date.now()),
  (sleep) => {
    sleeps.push(sleep);
    if (sleeps.length > keptSleeps) sleeps.shift();
    // Whoever reads the time right now goes on first.
    setImmediate(() => listeners.forEach((callback) => callback()));
  },
);
const beat: { timer?: NodeJS.Timeout } = {};

export const systemClock: Clock = {
  now: () => {
    beat.timer ??= setInterval(read, beatMs).unref();
    return read();
  },
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(milliseconds, 0), longestTimer));
    timer.unref();
    return () => clearTimeout(timer);
  },
  sleeps,
  onSleep: (callback) => {
    listeners.add(callback);
    return () => void listeners.delete(callback);
  },
};

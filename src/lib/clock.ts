/** Time as a port: the real one here, a virtual one in simulations. Milliseconds. */
export interface Clock {
  now(): number;
  /** Calls back once after so many milliseconds unless cancelled; does not keep the process alive. */
  after(milliseconds: number, callback: () => void): Cancel;
}
export type Cancel = () => void;

/** Longest delay a Node timer takes; longer ones would fire at once. */
const longestTimer = 2 ** 31 - 1;

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

export const systemClock: Clock = {
  now: neverBack(() => Date.now()),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(milliseconds, 0), longestTimer));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

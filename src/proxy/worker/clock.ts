const going = Number.NEGATIVE_INFINITY;
/** The global one is found anew behind a getter each time. */
const timer = performance;

/**
 * Milliseconds that pass at one pace whatever somebody does to the machine's clock: everything that is waited for, cut or
 * measured goes by these.
 */
export const steadyNow = (): number => (kept.still === going ? timer.now() : kept.still);

const measured = (): number => Date.now() - timer.now();
const kept = { offset: measured(), still: going };

/** Until it goes on it shows one time: many short things that are done in a row need not ask it each for themselves. */
export const stopClock = (): void => {
  kept.still = timer.now();
};

export const letClockGoOn = (): void => {
  kept.still = going;
};

/** The machine's clock was set, or drifts. */
export const readTimeOfDay = (): void => {
  kept.offset = measured();
};

/** What the machine's clock showed at that moment, as far as it was read lately: a second look at it costs as much as the first. */
export const timeOfDay = (steady: number): number => Math.round(kept.offset + steady);

/**
 * Milliseconds that pass at one pace whatever somebody does to the machine's clock: everything that is waited for, cut or
 * measured goes by these.
 */
export const steadyNow = (): number => performance.now();

const measured = (): number => Date.now() - performance.now();
const kept = { offset: measured() };

/** The machine's clock was set, or drifts. */
export const readTimeOfDay = (): void => {
  kept.offset = measured();
};

/** What the machine's clock showed at that moment, as far as it was read lately: a second look at it costs as much as the first. */
export const timeOfDay = (steady: number): number => Math.round(kept.offset + steady);

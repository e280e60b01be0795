/** Has something to write that can wait until this turn of the event loop is over. */
interface Waiting {
  write(): void;
}

/** So many at most, so that the first one does not wait for long. */
const most = 64;
const waiting: (Waiting | undefined)[] = Array.from({ length: most }, () => undefined);
const state = { count: 0, isAwaited: false };

/**
 * A write wakes its reader, and most of what it costs is code of the kernel that nothing else needs. When all that can be read in a
 * turn is read first and then all is written, both stay in the processor's caches, and readers find more when they wake.
 */
export const writeAtTurnEnd = (one: Waiting): void => {
  if (state.count === most) writeWaiting();
  waiting[state.count] = one;
  state.count += 1;
  if (state.isAwaited) return;
  state.isAwaited = true;
  setImmediate(turnEnded);
};

/** What waits goes out now, ahead of something that must not overtake it. */
export const writeWaiting = (): void => {
  for (let index = 0; index < state.count; index += 1) {
    waiting[index]?.write();
    waiting[index] = undefined;
  }
  state.count = 0;
};

const turnEnded = (): void => {
  state.isAwaited = false;
  writeWaiting();
};

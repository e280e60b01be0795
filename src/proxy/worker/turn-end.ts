import { letClockGoOn, stopClock } from './clock.ts';

/** Has something to write that can wait until this turn of the event loop is over. */
interface Writer {
  write(): void;
}

/** Takes what was read for it once all that this turn brings has been read. */
export interface Reader {
  /** Something that was read for it waits for the turn's end; set here only. */
  hasUnread: boolean;
  /** The octets are only valid during the call. */
  read(buffer: Buffer, start: number, end: number): void;
}

/** So many of each at most, so that the first one does not wait for long. */
const most = 64;
/** Longer reads would have left the processor's caches by the turn's end. */
const longestUnread = 2_048;
const readBytes = 65_536;

/** All reads of all connections lie in this one buffer: as they come at its beginning, and behind that those that wait. */
export const readOctets = Buffer.allocUnsafeSlow(readBytes + most * longestUnread);
/** Where sockets read to: a read is dealt with or moved before the next one can happen, so nobody needs a buffer of their own. */
export const readBuffer = readOctets.subarray(0, readBytes);

const readers: (Reader | undefined)[] = Array.from({ length: most }, () => undefined);
/** Where in `readOctets` the read of that number ends, and the next one begins. */
const readEnds = new Int32Array(most + 1).fill(readBytes);
const writers: (Writer | undefined)[] = Array.from({ length: most }, () => undefined);
const state = { reads: 0, taken: 0, writes: 0, isAwaited: false };

/**
 * So many octets have come into `readBuffer`. A read is the kernel's and Node's code, taking it is ours, a write the kernel's
 * again, of which most is waking the other side. When all that can be read in a turn is read first, then all is taken, and then
 * all is written, each finds its own code and data in the processor's caches.
 */
export const takeAtTurnEnd = (reader: Reader, length: number): void => {
  // In the order it came; and what one socket read twice must not find it in somebody else's use by then.
  if (length > longestUnread || reader.hasUnread || state.reads === most) takeReads();
  if (length > longestUnread) {
    reader.read(readOctets, 0, length);
    return;
  }
  const start = readEnds[state.reads] as number;
  readOctets.copyWithin(start, 0, length);
  reader.hasUnread = true;
  readers[state.reads] = reader;
  state.reads += 1;
  readEnds[state.reads] = start + length;
  awaitTurnEnd();
};

/** What was read is taken now, ahead of something that came after it. */
export const takeReads = (): void => {
  if (state.reads === 0) return;
  stopClock();
  while (state.taken < state.reads) {
    const number = state.taken;
    const reader = readers[number];
    readers[number] = undefined;
    state.taken += 1;
    if (reader === undefined) continue;
    reader.hasUnread = false;
    reader.read(readOctets, readEnds[number] as number, readEnds[number + 1] as number);
  }
  letClockGoOn();
  state.reads = 0;
  state.taken = 0;
};

export const writeAtTurnEnd = (writer: Writer): void => {
  if (state.writes === most) writeWaiting();
  writers[state.writes] = writer;
  state.writes += 1;
  awaitTurnEnd();
};

/** What waits goes out now, ahead of something that must not overtake it. */
export const writeWaiting = (): void => {
  for (let index = 0; index < state.writes; index += 1) {
    writers[index]?.write();
    writers[index] = undefined;
  }
  state.writes = 0;
};

const awaitTurnEnd = (): void => {
  if (state.isAwaited) return;
  state.isAwaited = true;
  setImmediate(turnEnded);
};

const turnEnded = (): void => {
  takeReads();
  state.isAwaited = false;
  writeWaiting();
};

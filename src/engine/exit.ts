import { constants } from 'node:os';
import type { Exit, Instant } from '../model/index.ts';

/**
 * How a process ended, the same from every engine: one that a signal ended has the shell's code (128 + number) and the
 * signal's name. Docker tells only the code, so there a process that itself exits with such a code looks signalled.
 */
export const exitOfCode = (code: number, facts: { readonly outOfMemory: boolean; readonly at: Instant }): Exit => ({
  code,
  signal: code > 128 ? (signalName(code - 128) ?? null) : null,
  ...facts,
});

export const exitOfSignal = (signal: NodeJS.Signals, at: Instant): Exit => ({
  code: 128 + constants.signals[signal],
  signal,
  outOfMemory: false,
  at,
});

const signalName = (number: number): string | undefined =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0];

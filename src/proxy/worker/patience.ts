import type { ConnectionLimits } from '../../model/index.ts';

/** Milliseconds that a client of a listener may take or stay silent. */
export interface Patience {
  readonly head: number;
  readonly body: number;
  readonly idle: number;
  readonly stalled: number;
  /** On average over the time of `body`. */
  readonly bodyBytesPerSecond: number;
}

export const usualPatience: Patience = {
  head: 20_000,
  body: 60_000,
  idle: 65_000,
  stalled: 120_000,
  bodyBytesPerSecond: 100,
};

export const patienceOf = (limits: ConnectionLimits | undefined): Patience =>
  limits === undefined
    ? usualPatience
    : {
        head: milliseconds(limits.headSeconds, usualPatience.head),
        body: milliseconds(limits.bodySeconds, usualPatience.body),
        idle: milliseconds(limits.idleSeconds, usualPatience.idle),
        stalled: milliseconds(limits.readerSeconds, usualPatience.stalled),
        bodyBytesPerSecond: limits.bodyBytesPerSecond ?? usualPatience.bodyBytesPerSecond,
      };

const milliseconds = (seconds: number | undefined, usual: number): number =>
  seconds === undefined ? usual : seconds * 1_000;

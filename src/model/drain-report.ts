import type { Instant, ReplicaId, RevisionNumber } from './brand.ts';
import type { Exit, HookOutcome } from './replica.ts';

/** A replica that was asked to go has ended. */
export interface Departure {
  readonly revision: RevisionNumber;
  readonly exit: Exit;
  readonly signalledAt: Instant;
  /** It had to be: no signal before SIGKILL made it end. */
  readonly wasKilled: boolean;
}

/** What became of a replica that was asked to go, and of its work. */
export interface DrainReport {
  readonly replica: ReplicaId;
  readonly revision: RevisionNumber;
  /**
   * finished: ended by itself with 0; by-signal: the signal itself ended it, in the middle of whatever it did; killed: it
   * swallowed its signals; failed: any other end.
   */
  readonly result: 'finished' | 'by-signal' | 'killed' | 'failed';
  readonly words: string;
  readonly exit: Exit;
  /** From its first signal to its end. */
  readonly seconds: number;
  readonly command?: HookOutcome;
  readonly check?: HookOutcome;
}

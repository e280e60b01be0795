import type { Clock } from '../lib/index.ts';
import type { Address, Question, ReplicaId } from '../model/index.ts';
import type { ProbeExec } from '../health/index.ts';

/** Where a question is put. */
export type CheckTarget =
  | { readonly kind: 'proxy'; readonly address: Address; readonly host: string }
  | {
      readonly kind: 'replica';
      readonly id: ReplicaId;
      /** undefined: the engine gave it none; only exec and log questions work then. */
      readonly address: Address | undefined;
      /** What stands in Host; undefined: its address. */
      readonly host: string | undefined;
    };

/** Where HTTP is spoken, and what stands in Host unless the question says. */
export interface HttpPlace {
  readonly address: Address;
  readonly host: string;
}

/** What an answer was like. `words` says what was seen, for people. */
export interface Finding {
  readonly ok: boolean;
  readonly words: string;
}

export interface AskLimits {
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** Puts a question once. Never rejects and never outlasts its limits. */
export type Ask = (question: Question, target: CheckTarget, limits: AskLimits) => Promise<Finding>;

export interface AskPorts {
  readonly clock: Clock;
  /** Runs a command in a replica. */
  readonly exec: ProbeExec;
  /** A replica's output from its start, going on until the abort. */
  readonly lines: (replica: ReplicaId, signal: AbortSignal) => AsyncIterable<{ readonly text: string }>;
}

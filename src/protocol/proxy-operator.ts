/**
 * Between whoever looks after a running proxy (`pointsman proxy upgrade`) and its master: newline-delimited JSON on a
 * unix socket of its own (mode 0600), so that the supervisor keeps its connection. One call, then answers until the end.
 */
export interface OperatorCall {
  readonly kind: 'upgrade';
  /** What the leaving workers get to finish. */
  readonly withinMs: number;
}

export type OperatorAnswer =
  /** New workers serve, by process id; the leaving ones accept nothing more. */
  | { readonly kind: 'serving'; readonly serving: readonly number[]; readonly leaving: readonly number[] }
  /** The leaving ones have ended, but for so many TCP connections that may last. */
  | { readonly kind: 'done'; readonly lingering: number }
  /** Nothing has changed. */
  | { readonly kind: 'failed'; readonly reason: string };

import type { Generation, Instant, ReplicaId, RevisionNumber } from './brand.ts';

/** One record per request the proxy answered; streamed to the supervisor in batches. */
export interface RequestRecord {
  readonly at: Instant;
  readonly requestId: string;
  /** What led it there: host and path prefix as the table has them, or the listener of a TCP connection. undefined: no route did. */
  readonly route?: string | undefined;
  readonly pool: string | undefined;
  readonly generation: Generation;
  readonly revision: RevisionNumber | undefined;
  readonly replica: ReplicaId | undefined;
  /** The version whose turn it was but that took no connection, or let a fresh one die, where another one answered instead. */
  readonly passedOver?: RevisionNumber | undefined;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  /** From the request's head to the first octet of its response; undefined when none came. */
  readonly firstByteMs?: number | undefined;
  readonly outcome: RequestOutcome;
  /** Whose connection it came by, and the host it asked for: only where an access log wants to know. */
  readonly client?: string | undefined;
  readonly host?: string | undefined;
  /** Why it never became a request; then there is no method and no path, and of many of the same kind only some are written down. */
  readonly reason?: string | undefined;
}

export type RequestOutcome =
  | 'ok'
  | 'app-error' // 5xx by the app
  | 'no-upstream'
  | 'unknown-host'
  | 'redirected' // to https
  | 'bad-request'
  | 'tls-failed' // no handshake, so no request
  | 'turned-away' // a connection too many
  | 'too-large' // more content than the pool's limit
  | 'response-timeout' // no octet of a response within the pool's limit
  | 'too-long' // the whole of it, its upload or a silence in it took longer than the pool's limit
  | 'refused'
  | 'connect-timeout'
  | 'overloaded' // the proxy was out of file descriptors
  | 'reset'
  | 'truncated'
  | 'held-then-released'
  | 'ended-by-drain'
  | 'cut-by-drain'
  | 'client-gone';

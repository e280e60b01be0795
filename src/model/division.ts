import type { RevisionNumber } from './brand.ts';

/** How new requests are divided among revisions that serve at the same time. */
export interface TrafficSplit {
  /** Per revision in the pool; percents add up to 100, or all are 0. A revision with 0 is reached by matches and preview routes only. */
  readonly shares: readonly { readonly revision: RevisionNumber; readonly percent: number }[];
  /** First match wins, before shares and affinity. */
  readonly matches: readonly TrafficMatch[];
}

export interface TrafficMatch {
  readonly by: 'header' | 'cookie';
  /** Header names are compared without case, cookie names with. */
  readonly name: string;
  /** undefined: whatever its value. */
  readonly value?: string;
  readonly revision: RevisionNumber;
}

/**
 * replica: a client stays on its replica while that serves; revision: on the version it started with while any of its
 * replicas serve. The proxy sets the cookie; a stale one is replaced.
 */
export interface Affinity {
  readonly to: 'replica' | 'revision';
  readonly cookie: string;
}

import type { Instant, RevisionNumber, ServiceName } from './brand.ts';
import type { RolloutPolicy } from './policy.ts';

/** What was deployed together, and what ran when it had ended: one can go back to that in one piece. */
export interface Release {
  readonly number: number;
  readonly deployId: string;
  readonly at: Instant;
  readonly endedAt: Instant | undefined;
  /** Who asked for it; undefined: nobody said. */
  readonly by: string | undefined;
  readonly cause: string;
  readonly result: 'running' | 'completed' | 'failed';
  readonly changes: readonly ReleaseChange[];
  /** What ran at its end, of every service; empty while it is under way. */
  readonly services: Readonly<Record<ServiceName, ReleaseMember>>;
}

export type ReleaseChange = ReleaseReplacement | ReleaseRemoval;

export interface ReleaseReplacement {
  readonly service: ServiceName;
  readonly from: RevisionNumber | undefined;
  readonly to: RevisionNumber;
  readonly outcome: ReleaseOutcome;
  /** Why it did not come to that revision. */
  readonly failure?: string;
}

/** It left the manifests. */
export interface ReleaseRemoval {
  readonly service: ServiceName;
  readonly from: RevisionNumber | undefined;
  readonly outcome: 'removed';
}

/** kept: it failed, and what served before serves; not-begun: something it depends on failed, nothing of it was touched. */
export type ReleaseOutcome = 'under-way' | 'changed' | 'kept' | 'not-begun' | 'superseded';

export interface ReleaseMember {
  readonly revision: RevisionNumber;
  /** Rules and domains in force, where they were not those the revision was made with. */
  readonly policy?: RolloutPolicy;
  readonly domains?: readonly string[];
}

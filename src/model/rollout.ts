import type { Instant, RevisionNumber, RolloutId, ServiceName } from './brand.ts';
import type { ErrorReport } from './error.ts';
import type { CheckResult } from './verify.ts';

/** The move of one service from revision A to B. Ends as completed, failed or superseded; never stays. */
export interface Rollout {
  readonly id: RolloutId;
  readonly service: ServiceName;
  readonly from: RevisionNumber | undefined;
  readonly to: RevisionNumber;
  readonly phase: RolloutPhase;
  readonly startedAt: Instant;
  /** Entered phases with their times: the report's time line. */
  readonly history: readonly { readonly phase: RolloutPhase; readonly at: Instant }[];
  readonly failure?: ErrorReport;
  /** It failed, and what worked before has not all its places in the routes again. */
  readonly isReturning?: boolean;
  /** Asked for to get back to what worked: its checks report, but neither block nor undo it. */
  readonly isRollback?: boolean;
  /** What each check of `verify` found last. */
  readonly checks?: readonly CheckResult[];
  /** From the first share on. */
  readonly canary?: CanaryProgress;
  /** Until then it neither advances nor meets a deadline. sample: for enough requests to judge by. */
  readonly waitsFor?: 'promotion' | 'resume' | 'sample';
  /** How many times `promote` has taken it further. */
  readonly promotions?: number;
  /** Times in which it was held, the last one perhaps still going on. */
  readonly pauses?: readonly { readonly from: Instant; readonly to?: Instant }[];
  /** What the old version's last requests looked like before the switch. */
  readonly baseline?: RevisionTraffic;
  /** Services of one `deploy` share it; a failure stops what has not begun. */
  readonly deployId: string;
}

export interface CanaryProgress {
  /** Index in the policy's steps. */
  readonly step: number;
  /** The share asked for; that of the step before until all replicas this step needs are ready. */
  readonly percent: number;
  readonly begunAt: Instant;
  /** Since when every worker of the proxy divides like that; undefined: not yet. */
  readonly since?: Instant;
}

/** What the proxy's ledger says of one revision over some time. */
export interface RevisionTraffic {
  readonly revision: RevisionNumber;
  readonly requests: number;
  readonly failed: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** What people asked of a rollout that is under way; the planner makes use of it. */
export interface RolloutRequests {
  /** How many times `promote` was said. */
  readonly promotions: number;
  /** Past everything that is still to come before the switch. */
  readonly toTheEnd: boolean;
  readonly paused: boolean;
  readonly aborted: boolean;
}

export type RolloutPhase =
  /** Waits for the services it depends on. */
  | 'waiting'
  | 'building'
  /** The checks of `verify.before` are asked; nothing has changed yet. */
  | 'checking'
  | 'pre-deploy'
  /** New replicas start beside the old ones and are checked; users don't meet them yet. */
  | 'staging'
  /** They are reached by the preview address only, until somebody promotes them. */
  | 'previewing'
  /** A share of the requests reaches them. */
  | 'canary'
  /** Replicas are being replaced: started, gated, switched, by the policy's batches. */
  | 'replacing'
  /** Everything wanted is ready and routed; the checks of `verify.after` are asked while old replicas stand by. */
  | 'verifying'
  /** Everybody is on the new version; the old one stays idle, to be switched back to. */
  | 'baking'
  /** Old replicas overlap, drain and stop. */
  | 'retiring'
  | 'completed'
  | 'failed'
  | 'superseded';

export const isFinished = (phase: RolloutPhase): boolean =>
  phase === 'completed' || phase === 'failed' || phase === 'superseded';

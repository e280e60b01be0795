import type { Instant } from './brand.ts';

/** How every object explains itself (Kubernetes' word). `reason` is CamelCase and stable, `message` is for people and names the next step. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: 'true' | 'false' | 'unknown';
  readonly reason: string;
  readonly message: string;
  readonly since: Instant;
}

export type ConditionType =
  /** Enough replicas of some revision are ready and routed. */
  | 'Available'
  /** A rollout is on its way. */
  | 'Progressing'
  /** The manifest, its config file and its source can be used. */
  | 'ManifestValid'
  /** What the checks of `verify` found at the last deploy. */
  | 'Verified'
  /** Whether it has the domains that it claims; said only while another service has one of them. */
  | 'Reachable'
  /** The last thing that failed: build, start, gate, engine, state. */
  | 'Degraded';

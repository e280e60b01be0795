import type { EngineKind, RehearsalScenario, VariantRun } from '../model/index.ts';
import type { DeployReport } from '../protocol/index.ts';

/** What a rehearsal needs of a running supervisor and its proxy; the CLI makes it from its API client. */
export interface RehearsalTarget {
  readonly project: string;
  readonly engine: EngineKind;
  /** The proxy's public listener: the load goes where users go. */
  readonly http: { readonly host: string; readonly port: number };
  deploy(request: VariantDeploy, signal: AbortSignal): Promise<{ readonly deployId: string }>;
  /** Says that a rollout which waits for somebody may go on; one that doesn't wait any more is no failure. */
  promote(service: string, signal: AbortSignal): Promise<void>;
  /** Ends after the finished report. */
  followDeploy(deployId: string, signal: AbortSignal): AsyncIterable<DeployReport>;
}

export interface VariantDeploy {
  readonly services: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly platform: string;
  readonly cause: string;
}

export interface RehearsalOptions {
  readonly scenario: RehearsalScenario;
  readonly target: RehearsalTarget;
  /** Instead of the scenario's `compare`. */
  readonly variants?: readonly string[];
  readonly onProgress?: (progress: RehearsalProgress) => void;
  readonly signal: AbortSignal;
  readonly limits?: Partial<RehearsalLimits>;
}

/** Nothing is waited for without an end. */
export interface RehearsalLimits {
  /** How long every workload may take to get its first success before a run. */
  readonly steadyMs: number;
  readonly deployMs: number;
}

export type RehearsalProgress =
  | {
      readonly kind: 'stage';
      readonly variant: string;
      readonly stage: RunStage;
      readonly number: number;
      readonly of: number;
    }
  | {
      readonly kind: 'load';
      readonly variant: string;
      readonly atMs: number;
      readonly workloads: Readonly<Record<string, LoadCounts>>;
    }
  | { readonly kind: 'deploy'; readonly variant: string; readonly report: DeployReport }
  | { readonly kind: 'finished'; readonly variant: string; readonly run: VariantRun };

/** steadying: waiting until every workload gets a success; finishing: waiting for what is still in flight. */
export type RunStage = 'steadying' | 'before' | 'deploy' | 'after' | 'finishing';

export interface LoadCounts {
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
}

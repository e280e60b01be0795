import type { PhaseSpan, Workload, WorkloadResult } from '../../model/index.ts';
import type { RunClock } from '../run-clock.ts';
import type { LoadCounts } from '../target.ts';

/** One kind of client behaviour. `docs/rehearsals.md` says how to add one more. */
export interface WorkloadDriver {
  /** Uses the app once, whole. undefined when that worked, else what went wrong, in words. */
  tryOnce(signal: AbortSignal): Promise<string | undefined>;
  start(clock: RunClock): RunningWorkload;
  /** Cuts whatever is open. Idempotent. */
  destroy(): Promise<void>;
}

export interface RunningWorkload {
  counts(): LoadCounts;
  /** Begins nothing new. Resolves when everything begun has its fate, which every kind bounds by a timeout of its own. */
  finish(): Promise<void>;
  /** `end`: when the load ended, on the run's clock. Call after `finish`. */
  result(spans: readonly PhaseSpan[], end: number): WorkloadResult;
}

export type WorkloadOf<Kind extends Workload['kind']> = Extract<Workload, { readonly kind: Kind }>;

/** Where a workload's client connects to: the proxy's public listener. */
export interface LoadAddress {
  readonly host: string;
  readonly port: number;
}

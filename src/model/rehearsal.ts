import type { Instant } from './brand.ts';
import type { EngineKind } from './capability.ts';

/** `kind: Rehearsal` after checking. */
export interface RehearsalScenario {
  readonly name: string;
  readonly project: string;
  readonly deploy: { readonly services: readonly string[]; readonly variables: Readonly<Record<string, string>> };
  /** Platform profiles; one run each, same load. */
  readonly compare: readonly string[];
  /** Seconds of load before the deploy begins and after it has ended. */
  readonly beforeSeconds: number;
  readonly afterSeconds: number;
  readonly workloads: readonly Workload[];
  readonly budgets: Budgets;
}

export type Workload =
  | {
      readonly kind: 'http';
      readonly name: string;
      readonly host: string;
      readonly path: string;
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: string;
      /** Open loop: a request starts on time whether or not the ones before have ended. */
      readonly ratePerSecond: number;
      readonly timeoutSeconds: number;
    }
  | {
      readonly kind: 'sse';
      readonly name: string;
      readonly host: string;
      readonly path: string;
      readonly connections: number;
      /** Seconds without any byte, after which a stream counts as dropped. */
      readonly silenceSeconds: number;
    }
  | {
      readonly kind: 'jobs';
      readonly name: string;
      readonly host: string;
      readonly enqueue: { readonly method: string; readonly path: string; readonly body?: string };
      /** `{id}` is replaced by the enqueue answer's `id`. */
      readonly status: { readonly path: string };
      readonly ratePerSecond: number;
      readonly done: readonly string[];
      readonly failed: readonly string[];
      /** Seconds after which a job that is in neither state counts as abandoned. */
      readonly timeoutSeconds: number;
    };

export interface Budgets {
  readonly failedRequests?: number;
  readonly longestOutageMs?: number;
  readonly droppedStreams?: number;
  readonly abandonedJobs?: number;
  readonly deploySeconds?: number;
}

/** What `--json` writes; design §7. */
export interface RehearsalReport {
  readonly version: 1;
  readonly rehearsal: string;
  readonly project: string;
  readonly engine: EngineKind;
  readonly startedAt: Instant;
  readonly verdict: 'pass' | 'fail';
  readonly runs: readonly VariantRun[];
}

export interface VariantRun {
  readonly variant: string;
  readonly verdict: 'pass' | 'fail';
  /** The deploy itself: did every rollout complete? */
  readonly deploy: { readonly result: 'completed' | 'failed'; readonly durationMs: number; readonly message?: string };
  readonly phases: readonly PhaseSpan[];
  readonly workloads: Readonly<Record<string, WorkloadResult>>;
  readonly budgets: readonly {
    readonly name: keyof Budgets;
    readonly limit: number;
    readonly actual: number;
    readonly ok: boolean;
  }[];
}

/** Times are milliseconds since the run's load began. `service` is undefined for the run's own phases (before, deploy, after). */
export interface PhaseSpan {
  readonly name: string;
  readonly service?: string;
  readonly start: number;
  readonly end: number;
}

export interface WorkloadResult {
  readonly kind: Workload['kind'];
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** By cause: `502`, `refused`, `reset`, `truncated`, `timeout`, … */
  readonly failures: Readonly<Record<string, number>>;
  /** Failures by the phase in which they began (a stream's: in which it broke), `SERVICE PHASE` → count. */
  readonly failuresByPhase: Readonly<Record<string, number>>;
  /** From the intended start to the end of the answer, of what succeeded. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Longest time in which nothing that was sent succeeded. */
  readonly longestOutageMs: number;
  readonly streams?: {
    readonly opened: number;
    /** Ended without a clean end, or lost an event, or stayed silent. */
    readonly dropped: number;
    /** By the phase in which it happened. */
    readonly droppedByPhase: Readonly<Record<string, number>>;
    /** Ended cleanly and resumed elsewhere without losing an event. */
    readonly resumed: number;
    readonly eventsLost: number;
    readonly longestGapMs: number;
  };
  readonly jobs?: {
    readonly enqueued: number;
    readonly done: number;
    readonly failed: number;
    readonly abandoned: number;
    /** By the phase in which the job was enqueued. */
    readonly abandonedByPhase: Readonly<Record<string, number>>;
  };
  readonly timeline: Timeline;
}

/** What a plot needs; bucket `i` covers `[i, i + 1) × bucketMs` since the load began. */
export interface Timeline {
  readonly bucketMs: number;
  /** Requests and jobs by their start. Streams: how many were open in the middle of the bucket. */
  readonly ok: readonly number[];
  /** Requests and jobs, abandoned ones included, by their start. Streams: how many were dropped and not back, or dropped in it. */
  readonly failed: readonly number[];
}

import type { Affinity, TrafficMatch } from './division.ts';
import type { Check } from './verify.ts';

/**
 * The normal form every strategy and every platform profile compiles to. `platform-facts.md §0` says which platform
 * needs which knob. A value nobody could source is `'unknown'` in a profile and is filled by our default, with a note.
 */
export interface RolloutPolicy {
  readonly strategy: StrategyName;
  /** start-first: new beside old; stop-first: old is gone before new starts; concurrent: neither waits for the other. */
  readonly order: 'start-first' | 'stop-first' | 'concurrent';
  readonly batch: Batch;
  readonly gate: Gate;
  /** atomic: all new replicas take over in one table; per-instance: each enters as soon as it is ready. */
  readonly switch: 'atomic' | 'per-instance';
  /** Seconds both revisions stay up after the switch, before draining begins (Railway's overlapSeconds). */
  readonly overlapSeconds: number;
  readonly drain: DrainPolicy;
  readonly stop: StopPolicy;
  readonly restart: RestartPolicy;
  readonly edge: EdgePolicy;
  readonly preDeploy: { readonly timeoutSeconds: number };
  /** How a startCommand reaches the process: argv split (no shell), or through `sh -c`. */
  readonly commandForm: 'exec' | 'shell';
  /** Seconds of work a rollout may take before it ends as failed; time in which it waits by design doesn't count. */
  readonly progressDeadlineSeconds: number;
  /** Asked of every new replica before users meet it. */
  readonly smoke?: readonly Check[];
  /** manual: the new version is started and checked, then waits for `promote`. undefined: automatic. */
  readonly promotion?: 'automatic' | 'manual';
  /** The new version gets its share step by step. undefined: everybody at once. */
  readonly canary?: CanaryPolicy;
  /** When the new version counts as worse than the old one, in a canary and while it bakes. */
  readonly analysis?: AnalysisPolicy;
  /** After the switch the old version stays idle so long, to be switched back to. undefined: not at all. */
  readonly bakeSeconds?: number;
  readonly affinity?: Affinity;
  readonly handover?: HandoverPolicy;
}

export type StrategyName = 'stop-start' | 'rolling' | 'blue-green' | 'canary' | 'concurrent' | 'singleton';

export interface CanaryPolicy {
  /** Percents rise; after the last step everybody is moved. */
  readonly steps: readonly CanaryStep[];
  /** Requests that reach the new version from the first step on, whatever its share. */
  readonly matches: readonly Omit<TrafficMatch, 'revision'>[];
}
export interface CanaryStep {
  /** 0: only matches and the preview address reach it. */
  readonly percent: number;
  /** Seconds before the next step; promote: until somebody says so. */
  readonly pause: number | 'promote';
}

/** All comparisons are between new and old over the same time; while baking, with the old one's last time before the switch. */
export interface AnalysisPolicy {
  /** Requests of the new version before anything is concluded. */
  readonly minRequests: number;
  /** Only so many last seconds count. */
  readonly windowSeconds: number;
  /** Failed requests, in percentage points more than with the old version. */
  readonly maxErrorIncrease: number;
  /** How many times slower than the old version. */
  readonly maxLatencyRatio: { readonly p95?: number; readonly p99?: number };
  /** What happens at the end of a step that saw too few requests. */
  readonly onNoSample: 'hold' | 'abort' | 'promote';
}

/** What is run to hand work over when a replica has to go, and to find out what became of it. */
export interface HandoverPolicy {
  /** In the replica, before its first signal. */
  readonly command?: Hook;
  /** In a one-off of the same revision, after it has ended. */
  readonly check?: Hook;
}
export interface Hook {
  readonly command: string;
  readonly form: RolloutPolicy['commandForm'];
  readonly timeoutSeconds: number;
}

export interface Batch {
  /** Replicas allowed above the wanted number while replacing. */
  readonly surge: Amount;
  /** Replicas allowed below the wanted number while replacing. */
  readonly unavailable: Amount;
}
export type Amount =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'percent'; readonly percent: number; readonly round: 'up' | 'down' };

/** When a started replica counts as ready. */
export interface Gate {
  readonly probe: Probe;
  readonly schedule: ProbeSchedule;
  /** Consecutive successes needed. */
  readonly successes: number;
  /** Seconds after start within which it must become ready. */
  readonly deadlineSeconds: number;
}

export type Probe =
  | {
      readonly kind: 'http';
      readonly path: string;
      readonly host?: string;
      readonly ok: HttpOk;
      readonly port?: number;
    }
  | { readonly kind: 'tcp'; readonly port?: number }
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  /** Ready once it has run for so many seconds without exiting; 0 means as soon as it started. */
  | { readonly kind: 'uptime'; readonly seconds: number };

export type HttpOk = '200' | '2xx' | '2xx-3xx';

export interface ProbeSchedule {
  readonly firstDelaySeconds: number;
  readonly timeoutSeconds: number;
  /** Seconds between the end of one try and the next; the last one repeats (Railway: 1,2,4,8,16,30,30…; railway-facts.md §3.3). */
  readonly waitSeconds: readonly number[];
}

/** What happens to traffic of a replica between leaving the routes and its first signal. */
export interface DrainPolicy {
  /** wait: let requests in flight finish; none: the signal follows the switch at once. */
  readonly http: 'wait' | 'none';
  /** end-at-event: end the stream at an event boundary so that the client resumes elsewhere. */
  readonly sse: 'end-at-event' | 'wait' | 'none';
  readonly websocket: 'close-frame' | 'wait' | 'none';
  /** Seconds after which what is left is cut. */
  readonly timeoutSeconds: number;
}

export interface StopPolicy {
  /** In order; after the last wait comes SIGKILL. */
  readonly signals: readonly { readonly signal: StopSignal; readonly waitSeconds: number }[];
}
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGUSR1' | 'SIGUSR2' | 'SIGHUP';

export interface RestartPolicy {
  readonly when: 'never' | 'on-failure' | 'always';
  /** Restarts of one slot before giving up; ignored for `always`. */
  readonly maxRetries: number;
  readonly backoff: {
    readonly baseSeconds: number;
    readonly factor: number;
    readonly capSeconds: number;
    readonly resetAfterSeconds: number;
  };
}

/** What users get from the proxy when a service has nothing to answer with. */
export interface EdgePolicy {
  readonly noUpstream: EdgeAnswer;
  readonly unknownHost: EdgeAnswer;
  readonly balance: 'random' | 'round-robin' | 'least-requests';
  /** Connect attempts before the noUpstream answer. */
  readonly dial: { readonly attempts: number; readonly timeoutMs: number };
  /**
   * Which idempotent requests go out once more when their connection ended before an octet of the answer: those of a `kept`
   * connection, which may have been closing already, or those of `any`, from a fresh one only to another upstream.
   */
  readonly repeat?: 'kept' | 'any';
  /** While a pool is empty by design, wait for a replica this long instead of failing at once. */
  readonly hold: { readonly seconds: number; readonly maxRequests: number };
  readonly limits?: RequestLimits;
}
/** What one request may take; what is not said has no limit. */
export interface RequestLimits {
  /** Octets of content; more is answered with 413. */
  readonly bodyBytes?: number;
  /** Octets of target and fields; more is answered with 431. */
  readonly headBytes?: number;
  /** From a request's last octet to the first of its response; then 504. Streams that have begun may last. */
  readonly responseSeconds?: number;
  /** From a request's head to its last octet; then 408. */
  readonly uploadSeconds?: number;
  /** Without an octet of content either way; then 504, or the end. WebSockets may stay silent. */
  readonly silentSeconds?: number;
  /** From a request's head to the last octet of its response; then 504, or the end. WebSockets may last. */
  readonly totalSeconds?: number;
}
export interface EdgeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `{{requestId}}` is replaced. */
  readonly body: string;
}

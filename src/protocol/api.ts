import type {
  Condition,
  DrainReport,
  Difference,
  EngineKind,
  ErrorReport,
  Exit,
  ImageRef,
  Instant,
  ReplicaId,
  ReplicaPhase,
  Revision,
  Rollout,
  ServiceName,
  ValueOrigin,
} from '../model/index.ts';

/**
 * HTTP on `.pointsman/supervisor.sock` (mode 0600). JSON bodies; errors are `{error: ErrorReport}` with status 400
 * (input), 404 (unknown service or revision), 409 (asked thing failed), 503 (engine out of reach). Streams are
 * server-sent events whose `data:` is one JSON value. The header `x-pointsman-environment` names the environment that is
 * meant; without it the one that the state folder began with, for `down` all.
 *
 *   GET  /v1/status                      StatusReport
 *   POST /v1/apply       ApplyRequest    ApplyResult      re-reads the manifests now, rolls out what changed
 *   POST /v1/plan        DeployRequest   PlanReport       what deploy would do; changes nothing
 *   POST /v1/deploy      DeployRequest   DeployResult
 *   POST /v1/rollback    RollbackRequest DeployResult
 *   POST /v1/restart     ServiceRequest  DeployResult     new replicas of the same revision, by the policy
 *   POST /v1/promote     PromoteRequest  DeployResult     the next step, or `full`: all that are left
 *   POST /v1/abort       ServiceRequest  DeployResult     back to the version before
 *   POST /v1/pause       ServiceRequest  DeployResult     stays where it is until `resume`
 *   POST /v1/resume      ServiceRequest  DeployResult
 *   POST /v1/scale       ScaleRequest    DeployResult
 *   GET  /v1/deploys/:id                 DeployReport
 *   GET  /v1/deploys/:id/stream          SSE of DeployReport, ends after the finished one
 *   GET  /v1/revisions?service=          RevisionReport[]
 *   GET  /v1/releases                    Release[]        newest first
 *   GET  /v1/diff?service=&from=&to=     DiffReport       between revisions of a service, or without one between releases
 *   POST /v1/gc          GcRequest       GcReport         removes what nothing needs, or says what it would remove
 *   GET  /v1/environments                EnvironmentReport[]
 *   POST /v1/environments  OpenRequest   {}               looks after one more environment from now on
 *   POST /v1/domains/swap  SwapRequest   SwapReport       in one table, acknowledged
 *   GET  /v1/events?service=&after=&follow=   SSE of Event
 *   GET  /v1/logs?service=&tail=&follow= SSE of LogEntry  old and new version together
 *   POST /v1/exec        ExecRequest     ExecReport
 *   GET  /v1/explain?service=            ExplainReport
 *   POST /v1/down        DownRequest     {}               stops and removes everything, then the supervisor ends
 *   POST /v1/shutdown                    {}               the supervisor ends; what runs goes on running and serving
 */
export interface StatusReport {
  readonly project: string;
  readonly environment: string;
  readonly platform: string;
  readonly engine: {
    readonly kind: EngineKind;
    readonly reason: string;
    readonly reachable: boolean;
    readonly message?: string;
  };
  readonly supervisor: {
    readonly pid: number;
    readonly startedAt: Instant;
    readonly memoryBytes: number;
    readonly manifests: readonly string[];
  };
  readonly proxy: ProxyStatus | undefined;
  readonly services: readonly ServiceStatus[];
  /** Problems of the manifests as last read; what runs stays as it was. */
  readonly problems: readonly ErrorReport[];
}

export interface ProxyStatus {
  readonly pid: number;
  readonly http: string;
  /** undefined: no https. */
  readonly https?: string;
  readonly generation: number;
  /** What it can't do with its state on disk; it serves all the same. */
  readonly warning?: string;
  /** Requests since the supervisor began whose records never came; undefined: none. */
  readonly lostRecords?: number;
}

export interface ServiceStatus {
  readonly name: ServiceName;
  readonly strategy: string;
  readonly wanted: number;
  readonly ready: number;
  readonly revision: number | undefined;
  readonly urls: readonly string[];
  /** Addresses of the new version while it is tried out. */
  readonly previews?: readonly string[];
  readonly rollout: Rollout | undefined;
  readonly replicas: readonly ReplicaStatus[];
  readonly conditions: readonly Condition[];
  /** Of the newest rollout: what became of replicas that had to go. */
  readonly drains?: readonly DrainReport[];
}

export interface ReplicaStatus {
  readonly id: ReplicaId;
  readonly slot: number;
  readonly revision: number;
  readonly attempt: number;
  readonly phase: ReplicaPhase;
  readonly routed: boolean;
  readonly inFlight: number;
  readonly address: string | undefined;
  readonly startedAt: Instant;
  readonly exit: Exit | undefined;
}

export interface ApplyRequest {
  /** What `--build-arg` gave; kept for later rebuilds. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly by?: string;
}
export type ApplyResult = DeployResult;

export interface DeployRequest {
  /** Empty: every service whose spec or source changed. Named: these, even if unchanged. */
  readonly services: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** Rules for this deploy and from then on, instead of the manifest's platform. */
  readonly platform?: string;
  readonly cause?: string;
  readonly by?: string;
}
export interface DeployResult {
  readonly deployId: string;
  readonly rollouts: readonly Rollout[];
}
export interface RollbackRequest {
  /** Either one service, or everything that ran at the end of a release. */
  readonly service?: string;
  readonly release?: number;
  /** undefined: the one before the active. */
  readonly revision?: number;
  readonly by?: string;
}
export interface ServiceRequest {
  readonly service: string;
  readonly by?: string;
}
export interface PromoteRequest {
  readonly service: string;
  /** Past all steps that are left, without looking at how they do. */
  readonly full?: boolean;
  readonly by?: string;
}
export interface ScaleRequest {
  readonly service: string;
  readonly replicas: number;
  readonly by?: string;
}
export interface DeployReport {
  readonly deployId: string;
  readonly finished: boolean;
  readonly result: 'running' | 'completed' | 'failed';
  readonly rollouts: readonly Rollout[];
  /** `changed: store r1 → r2; kept as it was: api r1 (r2 failed); not begun: web r5`; absent when nothing is rolled out. */
  readonly summary?: string;
  /** The newest line of progress per service: a build step, a probe's answer. */
  readonly progress: Readonly<Record<string, string>>;
  /** What became of replicas that had to go, and of their work. */
  readonly drains?: readonly DrainReport[];
}
export interface RevisionReport extends Omit<Revision, 'spec'> {
  readonly image?: ImageRef;
  readonly variables: readonly string[];
}
export interface LogEntry {
  readonly at: Instant;
  readonly service: ServiceName;
  readonly replica: ReplicaId;
  readonly revision: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}
export interface ExecRequest {
  readonly service: string;
  readonly replica?: string;
  readonly command: readonly string[];
}
export interface ExecReport {
  readonly replica: ReplicaId;
  readonly exitCode: number;
  readonly output: string;
}
export interface ExplainReport {
  readonly service: string;
  /** Dotted path → winner and losers; secrets are masked. */
  readonly values: Readonly<Record<string, ValueOrigin>>;
  readonly notes: readonly string[];
}
export interface DownRequest {
  readonly volumes: boolean;
  /** Also the images, or snapshots, that were made here: the next `up` builds anew. */
  readonly images?: boolean;
  /** Kill at once instead of draining and signalling; also hurries a `down` that is already going on. */
  readonly now?: boolean;
}
export interface DiffRequest {
  /** undefined: releases are compared. */
  readonly service?: string;
  /** Revisions, or releases; undefined: the one before, and the newest. */
  readonly from?: number;
  readonly to?: number;
}
export interface DiffReport {
  readonly from: number;
  readonly to: number;
  /** Only those that differ; a side without number did not run then. */
  readonly services: readonly {
    readonly service: string;
    readonly from?: number;
    readonly to?: number;
    readonly differences: readonly Difference[];
  }[];
}
export interface EnvironmentReport {
  readonly name: string;
  readonly services: number;
  /** Where its services are reached now, swapped domains included. */
  readonly urls: readonly string[];
  /** Its own domains lead to that environment's services at present. */
  readonly domainsAnsweredBy?: string;
}
export interface OpenRequest {
  readonly name: string;
}
export interface SwapRequest {
  readonly between: readonly [string, string];
  readonly by?: string;
}
export interface SwapReport {
  /** Of the table that made the change, acknowledged by every worker. */
  readonly generation: number;
  readonly environments: readonly EnvironmentReport[];
}
export interface GcRequest {
  /** Only says what would be removed. */
  readonly dryRun?: boolean;
}
export interface GcReport {
  readonly revisions: readonly { readonly service: string; readonly revision: number; readonly why: string }[];
  readonly images: readonly { readonly image: ImageRef; readonly bytes: number }[];
  readonly freedBytes: number;
  /** What the images that stay use, and may use. */
  readonly keptBytes: number;
  readonly budgetBytes?: number;
}
export interface PlanReport {
  /** The plan as text, one operation a line with its cause, dependency waves first. */
  readonly text: string;
  readonly services: readonly {
    readonly service: string;
    readonly change: 'create' | 'replace' | 'scale' | 'remove' | 'none';
    readonly why: string;
    readonly how: string;
    /** Value by value, against what runs; secrets masked. */
    readonly differences: readonly Difference[];
    /** What forces it to be so, and what a user should know. */
    readonly notes: readonly string[];
    /** Where nothing is to be done and yet what runs is not what the manifests say: what a command said still holds. */
    readonly apart: readonly string[];
    /** What the last deploys of the same kind took; absent before the first. */
    readonly expected?: {
      readonly runs: number;
      readonly gapMs: number;
      readonly replacingMs: number;
      readonly totalMs: number;
    };
  }[];
}

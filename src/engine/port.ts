import type {
  Address,
  Capabilities,
  EnvironmentName,
  Exit,
  HostPort,
  ImageRef,
  Instant,
  Limits,
  ProjectName,
  ReplicaId,
  ReplicaIdentity,
  ServiceName,
  StopSignal,
  VolumeMount,
} from '../model/index.ts';

/** Whose replicas an engine looks after: one project's environment in one supervisor's state folder. */
export interface Scope {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
}

/** Everything needed to start one replica; the same input gives the same name, so a repeated start finds its twin. */
export interface ReplicaStart extends ReplicaIdentity {
  readonly image: ImageRef;
  /** undefined: what the image starts. exec form: argv as it is; shell form: given to `sh -c`. */
  readonly command: StartCommand | undefined;
  /** PORT included where ports are fixed; an engine that assigns ports sets PORT itself. */
  readonly variables: Readonly<Record<string, string>>;
  readonly port: number;
  readonly volumes: readonly VolumeMount[];
  /** Ports of the machine that lead to it, or that it listens on itself where it sees the machine's. */
  readonly hostPorts?: readonly HostPort[];
  readonly limits: Limits;
}
export type StartCommand =
  | { readonly form: 'exec'; readonly argv: readonly string[] }
  | { readonly form: 'shell'; readonly line: string };

export interface EngineReplica extends ReplicaIdentity {
  readonly image: ImageRef | undefined;
  readonly startedAt: Instant;
  readonly state:
    | { readonly kind: 'created' }
    | { readonly kind: 'running'; readonly address: Address | undefined }
    | { readonly kind: 'exited'; readonly exit: Exit };
}

export interface LogLine {
  readonly at: Instant;
  readonly replica: ReplicaId;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Last 64 KiB of both streams, in the order in which they arrived. */
  readonly output: string;
}

/** A hint that something changed; after `resync` anything may have. */
export type EngineEvent =
  | {
      readonly kind: 'replica';
      readonly service: ServiceName;
      readonly replica: ReplicaId;
      readonly what: 'started' | 'exited' | 'removed' | 'out-of-memory';
    }
  | { readonly kind: 'resync'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string };

export interface ReplicaStats {
  readonly memoryBytes: number;
  /** CPU time used since start, seconds. */
  readonly cpuSeconds: number;
}

/**
 * The one seam between Pointsman and what runs things. Every method throws `PointsmanError` with
 * ENGINE_UNREACHABLE when the engine does not answer, ENGINE_FAILED when it refused, REPLICA_START_FAILED when a
 * replica can't start. All are idempotent: starting what runs, stopping what stopped, removing what is gone succeed.
 */
export interface Engine {
  readonly capabilities: Capabilities;
  /** Network, zones and whatever else replicas of the scope share. `names` is where the scope's DNS must be bound, if any. */
  prepare(signal: AbortSignal): Promise<PreparedScope>;
  /**
   * Returns once the process runs and its address (if it has one) can be probed. A twin is returned as it is, even one
   * that has exited: the same attempt never runs twice.
   */
  start(replica: ReplicaStart, signal: AbortSignal): Promise<EngineReplica>;
  signal(replica: ReplicaId, name: StopSignal | 'SIGKILL', signal: AbortSignal): Promise<void>;
  /** Ends it if it runs (SIGKILL) and removes every trace except volumes. */
  remove(replica: ReplicaId, signal: AbortSignal): Promise<void>;
  /** All replicas of the scope, or one service's; running or exited. What a start that was cut off left half made is removed. */
  observe(service: ServiceName | undefined, signal: AbortSignal): Promise<readonly EngineReplica[]>;
  /**
   * A one-off beside the replicas (pre-deploy): same image, network and variables, no volumes; removed when done. Throws
   * EXEC_FAILED when it was killed because its time was up.
   */
  runOnce(
    once: ReplicaStart & { readonly timeoutSeconds: number },
    onLine: (line: LogLine) => void,
    signal: AbortSignal,
  ): Promise<Exit>;
  /** Throws EXEC_FAILED when the replica does not run; what the command makes of it is in the exit code. */
  exec(replica: ReplicaId, command: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /** Also for exited replicas that were not removed. Ends when the replica ends, or at the abort when `follow`. */
  logs(replica: ReplicaId, options: LogOptions, signal: AbortSignal): AsyncIterable<LogLine>;
  stats(replica: ReplicaId, signal: AbortSignal): Promise<ReplicaStats>;
  /** Says `resync` first, once it listens. Runs until the abort; re-subscribes by itself after a lost connection: `unreachable`, then `resync`. */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>;
  /** Removes the scope's networks and, if asked, its volumes. Replicas must be gone. */
  dispose(options: { readonly volumes: boolean }, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface LogOptions {
  readonly follow: boolean;
  /** Lines from the end; undefined: all. */
  readonly tail: number | undefined;
  /** Only lines from then on; not together with `tail`. */
  readonly since?: Instant;
}

export interface PreparedScope {
  /** Where private names are served for this scope: undefined when the engine has no private names. */
  readonly names: { readonly bind: Address; readonly subnet: string } | undefined;
}

import type { Address, Gate, Instant, Probe, ReplicaId } from '../model/index.ts';

/** The replica a probe looks at. */
export interface ProbedReplica {
  readonly id: ReplicaId;
  /** undefined: the engine gave it none; only exec and uptime probes work then. */
  readonly address: Address | undefined;
  readonly startedAt: Instant;
}

/** What a probe found. `words` is for people; for a failure it says what to check. */
export interface Look {
  readonly ok: boolean;
  readonly words: string;
}

export interface ProbeResult extends Look {
  readonly durationMs: number;
}

/** Runs a command in a replica; the caller hands `engine.exec` in. */
export type ProbeExec = (
  replica: ReplicaId,
  command: readonly string[],
  signal: AbortSignal,
) => Promise<{ readonly exitCode: number; readonly output: string }>;

/** Uptime needs no looking: the monitor waits it out. */
export type LookingProbe = Exclude<Probe, { kind: 'uptime' }>;

export interface ProbeLimits {
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** One try of a probe. Never rejects and never outlasts its limits; an abort is a failed try. */
export type ProbeRunner = (replica: ProbedReplica, probe: LookingProbe, limits: ProbeLimits) => Promise<ProbeResult>;

export interface HealthMonitor {
  /** Tries until the gate is passed, its deadline is over, or `forget`. Watching what is watched changes nothing. */
  watch(replica: ProbedReplica, gate: Gate): void;
  /** Ends the tries of a replica, the running one included. Nothing is reported about it afterwards. */
  forget(replica: ReplicaId): void;
  /** Forgets all. */
  close(): void;
}

import type {
  EnvironmentName,
  ImageRef,
  Instant,
  ProjectName,
  ReplicaId,
  RevisionNumber,
  ServiceName,
  Slot,
} from './brand.ts';

/** Phases only go forward. A restart is a new replica in the same slot. */
export type ReplicaPhase = 'starting' | 'running' | 'ready' | 'draining' | 'stopping' | 'stopped';

/** How a replica's process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly outOfMemory: boolean;
  readonly at: Instant;
}

/** What a drain command or check made of it. */
export interface HookOutcome {
  readonly at: Instant;
  readonly seconds: number;
  /** null: it could not be run, or its time was up. */
  readonly exitCode: number | null;
  /** Its last lines. */
  readonly output: readonly string[];
}

/** Where the proxy and the probes reach a replica. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ReplicaIdentity {
  readonly id: ReplicaId;
  readonly service: ServiceName;
  readonly revision: RevisionNumber;
  readonly slot: Slot;
  /** 1 for the first execution in this slot of this revision. */
  readonly attempt: number;
}

/** What the planner knows of one replica: engine facts, probe results, proxy counts and the store's own notes, joined. */
export interface ObservedReplica extends ReplicaIdentity {
  readonly image: ImageRef | undefined;
  readonly startedAt: Instant;
  readonly execution:
    | { readonly kind: 'starting' }
    | { readonly kind: 'running'; readonly address: Address | undefined }
    | { readonly kind: 'exited'; readonly exit: Exit };
  /** undefined until the gate was passed. Remembered in the store, so a supervisor's restart does not lose it. */
  readonly readyAt: Instant | undefined;
  /** Last failing probe in words, to explain a gate that does not open. */
  readonly lastProbeFailure: string | undefined;
  /** In the table that every worker of the proxy acknowledged last. */
  readonly routed: boolean;
  /** When the acknowledgement came that it left the table; undefined while routed or if it never was. */
  readonly unroutedAt: Instant | undefined;
  /** Requests, streams and upgraded connections on it right now, as the proxy counts them. */
  readonly inFlight: number;
  readonly drainingSince: Instant | undefined;
  /** Of the drain command, once it has ended; nothing un-drains. */
  readonly drainCommand?: HookOutcome;
  /** Of the drain check, which is asked after the replica's end. */
  readonly drainCheck?: HookOutcome;
  /** When each stop signal was sent, in order; SIGKILL is the entry after the policy's last. */
  readonly signalledAt: readonly Instant[];
}

/** `<project>-<environment>-<service>-r<revision>-<slot>-<attempt>`; a valid container name and host label. */
export const replicaIdOf = (
  place: { readonly project: ProjectName; readonly environment: EnvironmentName },
  seat: Omit<ReplicaIdentity, 'id'>,
): ReplicaId =>
  `${place.project}-${place.environment}-${seat.service}-r${seat.revision}-${seat.slot}-${seat.attempt}` as ReplicaId;

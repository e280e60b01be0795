import type {
  CertificateFiles,
  ConnectionLimits,
  DrainReport,
  EnvironmentName,
  ErrorReport,
  Event,
  Generation,
  HookOutcome,
  Instant,
  Operation,
  ProjectName,
  ReleaseChange,
  ReleaseRemoval,
  ReleaseMember,
  ReplicaId,
  Revision,
  RevisionNumber,
  Rollout,
  RolloutPolicy,
  RolloutRequests,
  ServiceName,
  ServiceSpec,
  Sleep,
} from '../../model/index.ts';
import type { CheckState, SlotHistory, StepState } from '../../plan/index.ts';

/** One table each; the key is the column `key`, the row is JSON. */
export interface Rows {
  readonly services: ServiceRecord;
  readonly revisions: Revision;
  readonly rollouts: RolloutRecord;
  readonly replicas: ReplicaNotes;
  readonly slots: SlotRecord;
  readonly deploys: DeployRecord;
  readonly journal: JournalEntry;
  readonly events: Event;
  readonly secrets: string;
  readonly settings: Settings;
}
export type TableName = keyof Rows;

export const tableNames = [
  'services',
  'revisions',
  'rollouts',
  'replicas',
  'slots',
  'deploys',
  'journal',
  'events',
  'secrets',
  'settings',
] as const satisfies readonly TableName[];

/** What is wanted of one service now. */
export interface ServiceRecord {
  readonly service: ServiceName;
  /** false: it left the manifest, or everything was taken down; the row stays for its numbers and private port. */
  readonly wanted: boolean;
  /** What the manifest said when it was last applied: a change is a difference to this, not to what a rollback brought back. */
  readonly applied: { readonly spec: ServiceSpec; readonly specHash: string };
  /** The rules in force: the manifest's, or those a rollback brought back. */
  readonly policy: RolloutPolicy;
  /** Set by `scale`; holds until the manifest's own number changes. */
  readonly scaledTo: number | undefined;
  /** How many the active revision had when another was asked for together with another number: it keeps them until it is replaced. */
  readonly replicasBefore?: number;
  /** Brought back by a rollback; holds until the manifest's own change. undefined: the manifest's. */
  readonly domains?: readonly string[];
  /** A rollback brought it back although no manifest names it: no saved file takes it away again, `up` does. */
  readonly broughtBack?: true;
  /** The revision that last completed. */
  readonly active: RevisionNumber | undefined;
}

export interface RolloutRecord {
  readonly rollout: Rollout;
  /** Rises by one per rollout of the project: which of two is newer. */
  readonly order: number;
  readonly build: StepState;
  readonly preDeploy: StepState;
  /** How long nobody served while it went on; undefined: always somebody did. */
  readonly measured?: { readonly gapMs: number; readonly unservedSince?: Instant };
  /** undefined: written before there were checks. */
  readonly checks?: CheckState;
  /** What people asked of it; undefined: nothing yet. */
  readonly requests?: RolloutRequests;
  /** What became of replicas that had to go since it began; the newest so many. */
  readonly drains?: readonly DrainReport[];
}

/** What no engine can tell about a replica. */
export interface ReplicaNotes {
  readonly id: ReplicaId;
  readonly service: ServiceName;
  readonly readyAt: Instant | undefined;
  readonly unroutedAt: Instant | undefined;
  readonly drainingSince: Instant | undefined;
  readonly signalledAt: readonly Instant[];
  readonly drainCommand?: HookOutcome;
  readonly drainCheck?: HookOutcome;
}

export interface SlotRecord extends SlotHistory {
  readonly service: ServiceName;
  /** When `lastAttempt` was begun, by the supervisor's clock; undefined: it was found, not begun by us. */
  readonly lastStartedAt?: Instant;
}

export interface DeployRecord {
  readonly id: string;
  readonly at: Instant;
  readonly cause: string;
  /** Who asked for it. */
  readonly by?: string;
  /** Services that left the manifests with it. */
  readonly removed?: readonly ReleaseRemoval[];
  /** Once its last rollout has ended. */
  readonly ended?: {
    readonly at: Instant;
    readonly changes: readonly ReleaseChange[];
    /** What ran then. */
    readonly services: Readonly<Record<string, ReleaseMember>>;
  };
}

export interface JournalEntry {
  readonly sequence: number;
  readonly key: string;
  readonly operation: Operation;
  readonly begunAt: Instant;
  readonly endedAt: Instant | undefined;
  readonly outcome: 'done' | 'cancelled' | ErrorReport | undefined;
}

/** What commands said that outlives them. One row, key `project`. */
export interface Settings {
  /** Whose state this is, whatever becomes of the manifests. */
  readonly place: { readonly project: ProjectName; readonly environment: EnvironmentName } | undefined;
  readonly platform: string | undefined;
  /** Service → variables given with a deploy. */
  readonly variables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Service → port of ours on 127.0.0.1 behind which its replicas stand, on engines without private names. */
  readonly privatePorts: Readonly<Record<string, number>>;
  /** What the system chose when port 0 was asked for. */
  readonly publicPort: number | undefined;
  /** The same for https. */
  readonly securePort?: number;
  /** As the project's manifest said last. */
  readonly tls?: TlsRules;
  /** CIDRs, as the project's manifest said last. */
  readonly trustedProxies?: readonly string[];
  /** What clients of the public listeners may take, as the project's manifest and platform said last. */
  readonly clientLimits?: ConnectionLimits;
  /** Whose replicas answer the domains of an environment, where not its own; kept with the first one. */
  readonly domainOwners?: Readonly<Record<string, string>>;
  /** Newest last; undefined: none yet. */
  readonly sleeps?: readonly Sleep[];
  /** Of the last acknowledged table. */
  readonly generation: Generation;
}

/** How https is served. Absolute paths. */
export interface TlsRules {
  readonly certificates: readonly CertificateFiles[];
  readonly redirect: boolean;
}

/** undefined as row: it is deleted. */
export type Change = {
  readonly [Table in TableName]: {
    readonly table: Table;
    readonly key: string;
    readonly row: Rows[Table] | undefined;
  };
}[TableName];

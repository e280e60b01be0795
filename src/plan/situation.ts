import type {
  Condition,
  EnvironmentName,
  ErrorReport,
  Instant,
  ObservedReplica,
  Operation,
  ProjectName,
  ReplicaId,
  Revision,
  RevisionNumber,
  RevisionTraffic,
  Rollout,
  RolloutRequests,
  ServiceName,
  Sleep,
  Slot,
  TrafficSplit,
} from '../model/index.ts';

/** Everything the planner may know about one service, the time included. */
export interface Situation {
  readonly now: Instant;
  /** Since when somebody looks without a gap: a replica can't be late while nobody asked it. undefined: always. */
  readonly watchedSince?: Instant | undefined;
  /** Times that don't count for whatever is waited for; in order. */
  readonly sleeps?: readonly Sleep[] | undefined;
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  readonly service: ServiceName;
  /** undefined: the service left the manifest and is to be removed. before: of the active revision until it is replaced, where that is another one. */
  readonly wanted: { readonly replicas: number; readonly before?: number } | undefined;
  /** The newest rollout, finished or not; undefined before the first. */
  readonly rollout: Rollout | undefined;
  /** Every revision that has a live replica, is `rollout.to`, or is the active one. */
  readonly revisions: readonly Revision[];
  /** The revision that last completed: what a failed rollout goes back to. */
  readonly active: RevisionNumber | undefined;
  /** Since the rollout failed its manifest has gone back to the active revision. */
  readonly isFailurePast?: boolean;
  /** Services this rollout must wait for, and one that failed in the same deploy. */
  readonly dependencies: DependencyState;
  /** Of `rollout.to`. */
  readonly build: StepState;
  readonly preDeploy: StepState;
  readonly checks: CheckState;
  readonly replicas: readonly ObservedReplica[];
  readonly slots: readonly SlotHistory[];
  /** Members of the table that was acknowledged last, whether they still live or not. */
  readonly routed: readonly ReplicaId[];
  /** How that table divides requests; undefined: every upstream alike. */
  readonly split?: TrafficSplit | undefined;
  /** What the ledger says since `analysedSince`, per revision. */
  readonly traffic?: readonly RevisionTraffic[];
  /** Requests since then of which it says nothing, of whichever service: their records never came. */
  readonly lostRecords?: number;
  /** What people asked of the rollout. */
  readonly requests?: RolloutRequests;
  /** Keys (`operationKey`) of operations being executed right now. */
  readonly running: ReadonlySet<string>;
}

export interface DependencyState {
  readonly waitingFor: readonly ServiceName[];
  readonly failed: ServiceName | undefined;
  /** When one that is waited for last got further; person: somebody has to say something there first. */
  readonly movedAt?: Instant | 'person';
}

export type StepState =
  | { readonly kind: 'pending' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: ErrorReport };

/** What the checks of `rollout.to` found. A stage without checks is done. */
export interface CheckState {
  readonly before: StepState;
  readonly smoke: StepState;
  readonly during: StepState;
  /** While `during` is pending: when its next round is due. */
  readonly duringDueAt: Instant;
  readonly after: StepState;
}

/** What happened in one slot of one revision so far. */
export interface SlotHistory {
  readonly revision: RevisionNumber;
  readonly slot: Slot;
  /** Highest attempt ever started; 0 if none. */
  readonly lastAttempt: number;
  readonly firstStartedAt: Instant;
  /** Ends nobody asked for, oldest first, since the slot last ran longer than the policy's reset time. */
  readonly crashes: readonly Crash[];
}

export interface Crash {
  readonly attempt: number;
  readonly at: Instant;
  /** not-started: the engine could not start it; trying again would not help a rollout. */
  readonly how: 'exited' | 'not-started';
  /** null: killed by a signal, or not started. */
  readonly exitCode: number | null;
  /** In words: `exited with code 1`, `killed: out of memory`, `could not be started: …`. */
  readonly words: string;
  /** What to do about it, where whoever could not start it knows. */
  readonly fix?: string;
  /** The replica's last lines. */
  readonly output: readonly string[];
}

/** What to do now. Empty operations and no `wakeAt`: nothing until a fact changes. */
export interface ServicePlan {
  readonly operations: readonly Operation[];
  /** The rollout after this step; the same object when nothing changed. */
  readonly rollout: Rollout | undefined;
  readonly conditions: readonly Condition[];
  /** Where the rollout stands, where that is more than its phase. */
  readonly standing: string | undefined;
  /** The earliest time at which the same facts would give another answer. */
  readonly wakeAt: Instant | undefined;
}

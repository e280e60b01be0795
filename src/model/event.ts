import type { Instant, ReplicaId, RevisionNumber, RolloutId, ServiceName } from './brand.ts';

/** A thing that happened; kept in the store, streamed by `pointsman events`. Complete enough to reconstruct a deploy afterwards. */
export interface Event {
  readonly sequence: number;
  readonly at: Instant;
  readonly service?: ServiceName;
  readonly rollout?: RolloutId;
  readonly revision?: RevisionNumber;
  readonly replica?: ReplicaId;
  readonly severity: 'info' | 'warning' | 'error';
  /** CamelCase, stable: `RolloutStarted`, `BuildFailed`, `ReplicaReady`, `RoutesSwitched`, … */
  readonly reason: string;
  readonly message: string;
}

export type NewEvent = Omit<Event, 'sequence' | 'at'>;

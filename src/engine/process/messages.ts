import type { ErrorReport, ReplicaId, StopSignal } from '../../model/index.ts';
import type { EngineEvent } from '../port.ts';
import type { ReplicaRecord, StartOrder } from './record.ts';

/** Raised when a runner of an older version could misunderstand a newer engine. One JSON object per line, both ways. */
export const messagesVersion = 1;

/** What an engine can ask of the runner. */
interface RunnerMethods {
  readonly start: (order: StartOrder) => ReplicaRecord;
  readonly signal: (order: { readonly replica: ReplicaId; readonly name: StopSignal | 'SIGKILL' }) => null;
  readonly remove: (replica: ReplicaId) => null;
  readonly list: (nothing: null) => readonly ReplicaRecord[];
  /** Ends the runner; refused while replicas are there. */
  readonly shutdown: (nothing: null) => null;
}
export type RunnerMethod = keyof RunnerMethods;
export type RunnerParams<Method extends RunnerMethod> = Parameters<RunnerMethods[Method]>[0];
export type RunnerResult<Method extends RunnerMethod> = ReturnType<RunnerMethods[Method]>;

export type RunnerRequest = {
  readonly [Method in RunnerMethod]: {
    readonly id: number;
    readonly method: Method;
    readonly params: RunnerParams<Method>;
  };
}[RunnerMethod];

export type RunnerMessage =
  | { readonly kind: 'hello'; readonly version: number }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: ErrorReport }
  | { readonly kind: 'notice'; readonly event: ReplicaEvent }
  /** It ends on purpose: nothing runs, nobody has to start another. */
  | { readonly kind: 'goodbye' };

export type ReplicaEvent = Extract<EngineEvent, { kind: 'replica' }>;

import type { ReplicaId, RevisionNumber, ServiceName } from './brand.ts';
import type { Departure } from './drain-report.ts';
import type { ReplicaIdentity } from './replica.ts';
import type { StopSignal } from './policy.ts';
import type { TrafficSplit } from './division.ts';
import type { CheckStage } from './verify.ts';

/** One atomic effect with its cause in words. The executor has no opinions: it does exactly this. */
export type Operation = { readonly service: ServiceName; readonly cause: string } & OperationKind;

export type OperationKind =
  | { readonly kind: 'build'; readonly revision: RevisionNumber }
  | { readonly kind: 'pre-deploy'; readonly revision: RevisionNumber }
  /** Ask the checks of one stage; of `during` one round. */
  | { readonly kind: 'verify'; readonly stage: CheckStage; readonly revision: RevisionNumber }
  | { readonly kind: 'start'; readonly replica: ReplicaIdentity }
  /** Publish exactly these replicas as the service's pool and wait until every worker acknowledged. */
  | { readonly kind: 'route'; readonly members: readonly ReplicaId[]; readonly split?: TrafficSplit }
  /** Tell the proxy to end streams and upgraded connections of an unrouted replica, by the policy. */
  | { readonly kind: 'drain'; readonly replica: ReplicaId }
  /** cutFirst: the proxy first closes what is still open on it, idle pooled connections included, so that the app's own shutdown isn't kept waiting. */
  | {
      readonly kind: 'signal';
      readonly replica: ReplicaId;
      readonly signal: StopSignal | 'SIGKILL';
      readonly cutFirst: boolean;
    }
  /** Run in the replica before its first signal. */
  | { readonly kind: 'drain-command'; readonly replica: ReplicaId }
  /** Run in a one-off of the same revision after the replica has ended. */
  | { readonly kind: 'drain-check'; readonly replica: ReplicaIdentity }
  | { readonly kind: 'remove'; readonly replica: ReplicaId; readonly departure?: Departure };

/** Same key: same operation; one with this key is never executed twice at once. */
export const operationKey = (operation: Operation): string => {
  switch (operation.kind) {
    case 'build':
    case 'pre-deploy':
      return `${operation.service}/${operation.kind}/${operation.revision}`;
    case 'verify':
      return `${operation.service}/verify/${operation.stage}/${operation.revision}`;
    case 'start':
      return `${operation.service}/start/${operation.replica.id}`;
    case 'route':
      return `${operation.service}/route`;
    case 'drain-check':
      return `${operation.service}/drain-check/${operation.replica.id}`;
    case 'drain':
    case 'drain-command':
    case 'remove':
      return `${operation.service}/${operation.kind}/${operation.replica}`;
    case 'signal':
      return `${operation.service}/signal/${operation.replica}/${operation.signal}`;
  }
};

import type { RecordBatch } from './record-batch.ts';
import type { DrainOrder, Generation, ReplicaId, RequestRecord, RouteTable } from '../model/index.ts';
import type { TableChange } from './table-change.ts';

/**
 * Between supervisor and proxy master: newline-delimited JSON on a unix socket (mode 0600). One supervisor at a
 * time; a newer connection replaces an older one. Every request is answered by the message with the same `call`.
 */
export type ToProxy =
  | { readonly kind: 'publish'; readonly call: number; readonly table: RouteTable }
  /** The same as publishing the table that it makes of its base, for as much work as there is change. */
  | { readonly kind: 'publish-change'; readonly call: number; readonly change: TableChange }
  /** Ends streams and upgraded connections of an upstream that no route uses any more. */
  | { readonly kind: 'drain'; readonly call: number; readonly order: DrainOrder }
  /** Closes everything still open on it, pooled idle connections included; recorded as cut. */
  | { readonly kind: 'cut'; readonly call: number; readonly upstream: ReplicaId }
  | { readonly kind: 'in-flight'; readonly call: number }
  | { readonly kind: 'shutdown'; readonly call: number };

export type FromProxy =
  | ProxyHello
  /** Every worker serves generation n; no new request can reach an upstream that n dropped. */
  | {
      readonly kind: 'published';
      readonly call: number;
      readonly generation: Generation;
      readonly listeners: readonly ListenerAddress[];
      /** Said when the table serves but could not be kept on disk. */
      readonly warning: string | undefined;
    }
  /** The table was refused whole (unknown pool, port taken, …); what served goes on serving. */
  | {
      readonly kind: 'rejected';
      readonly call: number;
      readonly generation: Generation;
      readonly code: 'TABLE_REJECTED' | 'PORT_TAKEN';
      readonly reason: string;
    }
  /** The change is one of another table than the one that serves: nothing has changed, the table is wanted whole. */
  | { readonly kind: 'table-needed'; readonly call: number }
  /** Another supervisor has connected; the connection ends and must not be taken back. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'done'; readonly call: number }
  | { readonly kind: 'in-flight'; readonly call: number; readonly counts: Readonly<Record<ReplicaId, number>> }
  /** Unasked: counts of upstreams that left the table, whenever they change; 0 is said exactly once. */
  | { readonly kind: 'draining'; readonly counts: Readonly<Record<ReplicaId, number>> }
  /** Unasked: something a person should know, such as certificates that changed and can't be used. */
  | { readonly kind: 'notice'; readonly message: string }
  | {
      readonly kind: 'records';
      readonly batch: RecordBatch;
      readonly dropped: number;
      /** What the clock that the records' times are of showed when this was said. */
      readonly sentAt?: number;
    }
  /** How a proxy of an older release, which may outlive several supervisors, says the same. */
  | { readonly kind: 'ledger'; readonly records: readonly RequestRecord[]; readonly dropped: number };

export interface ProxyHello {
  readonly kind: 'hello';
  /** 2: it takes whole tables only. */
  readonly protocol: 2 | 3;
  readonly pid: number;
  readonly startedAt: number;
  /** The table it serves, or undefined when it has none yet. */
  readonly table: RouteTable | undefined;
  readonly listeners: readonly ListenerAddress[];
  /** Said when a state file on disk could not be used. */
  readonly warning: string | undefined;
}

export interface ListenerAddress {
  readonly id: string;
  readonly address: string;
  readonly port: number;
}

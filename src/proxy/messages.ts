import type { DrainOrder, ReplicaId, RouteTable } from '../model/index.ts';
import type { RecordBatch } from '../protocol/index.ts';

/** Goes up with every change below that an older side would not understand: a master takes only workers of its own version. */
export const messagesVersion = 1;

/** Between master and workers, over the channel Node opens for a forked process. Calls are answered by number. */
export type ToWorker =
  /** Comes with the listening socket's handle. The worker accepts on it, but parks connections until a table has its routes. */
  | { readonly kind: 'listen'; readonly call: number; readonly listener: string; readonly socket: SocketKey }
  | { readonly kind: 'unlisten'; readonly call: number; readonly socket: SocketKey }
  | { readonly kind: 'apply'; readonly call: number; readonly table: RouteTable }
  /** What an https listener serves with; comes ahead of the first table that has it. The first one is for clients that name nobody. */
  | {
      readonly kind: 'certificates';
      readonly call: number;
      readonly listener: string;
      readonly certificates: readonly CertificatePair[];
      /** The master issues certificates for further names. */
      readonly hasAuthority: boolean;
    }
  /** Answers `certificate-wanted`; undefined: nobody vouches for that name. */
  | {
      readonly kind: 'issued';
      readonly call: number;
      readonly listener: string;
      readonly name: string;
      readonly certificate: CertificatePair | undefined;
    }
  | { readonly kind: 'drain'; readonly call: number; readonly order: DrainOrder }
  | { readonly kind: 'cut'; readonly call: number; readonly upstream: ReplicaId }
  | { readonly kind: 'in-flight'; readonly call: number }
  | { readonly kind: 'ledger'; readonly call: number; readonly enabled: boolean }
  /**
   * Accepts nothing more, lets requests finish, ends streams by their kind, then ends itself. An idle connection is
   * ended at once (`idleEnds`), or with the answer to what comes on it next, so that nobody's request is raced.
   */
  | { readonly kind: 'retire'; readonly call: number; readonly withinMs: number; readonly idleEnds: boolean };

export type FromWorker =
  | { readonly kind: 'answer'; readonly call: number; readonly result: WorkerResult }
  /** Counts of upstreams that left the table. */
  | { readonly kind: 'counts'; readonly counts: Counts }
  | { readonly kind: 'certificate-wanted'; readonly listener: string; readonly name: string }
  | { readonly kind: 'ledger'; readonly batch: RecordBatch; readonly dropped: number };

/** PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** `address:port`: a listener that moves to another port has two sockets for a moment. */
export type SocketKey = string;

export type WorkerResult =
  | { readonly kind: 'done'; readonly counts?: Counts }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export type Counts = Readonly<Record<ReplicaId, number>>;

/** Leaves out the number that whoever sends it puts in. */
export type WorkerCall = ToWorker extends infer Message
  ? Message extends ToWorker
    ? Omit<Message, 'call'>
    : never
  : never;

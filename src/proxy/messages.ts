import type { DrainOrder, ReplicaId, RouteTable } from '../model/index.ts';
import type { RecordBatch, TableChange } from '../protocol/index.ts';

/** Goes up with every change below that an older side would not understand: a master takes only workers of its own version. */
export const messagesVersion = 3;

/** Between master and workers, over the channel Node opens for a forked process. Calls are answered by number. */
export type ToWorker =
  /** Comes with the listening socket's handle. The worker accepts on it, but parks connections until a table has its routes. */
  | { readonly kind: 'listen'; readonly call: number; readonly listener: string; readonly socket: SocketKey }
  | { readonly kind: 'unlisten'; readonly call: number; readonly socket: SocketKey }
  | { readonly kind: 'apply'; readonly call: number; readonly table: RouteTable }
  /** Of the table that the worker was given last, by `apply` or by the change before. */
  | { readonly kind: 'change'; readonly call: number; readonly change: TableChange }
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
  /** 48 octets in base64, the same for all workers: whoever begins with one may go on with another. */
  | { readonly kind: 'ticket-key'; readonly call: number; readonly key: string }
  /** Answers `places`. */
  | {
      readonly kind: 'placed';
      readonly call: number;
      readonly granted: readonly number[];
      readonly refused: readonly number[];
    }
  | { readonly kind: 'drain'; readonly call: number; readonly order: DrainOrder }
  | { readonly kind: 'cut'; readonly call: number; readonly upstream: ReplicaId }
  | { readonly kind: 'in-flight'; readonly call: number }
  /** `withClients`: says of each request whose it was and what host it asked for. */
  | { readonly kind: 'ledger'; readonly call: number; readonly enabled: boolean; readonly withClients: boolean }
  /**
   * Accepts nothing more, lets requests finish, ends streams by their kind, then ends itself. An idle connection is
   * ended at once (`idleEnds`), or with the answer to what comes on it next, so that nobody's request is raced. TCP
   * connections, of which nothing is known, get a time of their own.
   */
  | {
      readonly kind: 'retire';
      readonly call: number;
      readonly withinMs: number;
      readonly opaqueWithinMs: number;
      readonly idleEnds: boolean;
    };

export type FromWorker =
  | { readonly kind: 'answer'; readonly call: number; readonly result: WorkerResult }
  /** Counts of upstreams that left the table. */
  | { readonly kind: 'counts'; readonly counts: Counts }
  | { readonly kind: 'certificate-wanted'; readonly listener: string; readonly name: string }
  /** Connections to listeners with caps: some have come, some have ended. */
  | { readonly kind: 'places'; readonly wanted: readonly WantedPlace[]; readonly left: readonly number[] }
  /** It retires, and has nothing left but so many connections of which only their ends know when they are done. */
  | { readonly kind: 'lingers'; readonly connections: number }
  | { readonly kind: 'ledger'; readonly batch: RecordBatch; readonly dropped: number; readonly refusals: Refusals };

/** What never became a request, by status and reason, all of it: in a batch there are only some. */
export type Refusals = Readonly<Record<string, number>>;

/** `place`: the worker's own number for it. */
export interface WantedPlace {
  readonly place: number;
  readonly listener: string;
  readonly address: string;
  readonly connections: number | undefined;
  readonly connectionsPerAddress: number | undefined;
}

/** PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** `address:port`: a listener that moves to another port has two sockets for a moment. */
export type SocketKey = string;

export type WorkerResult =
  | { readonly kind: 'done'; readonly counts?: Counts }
  /** The change is one of another table. */
  | { readonly kind: 'table-needed' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export type Counts = Readonly<Record<ReplicaId, number>>;

/** Leaves out the number that whoever sends it puts in. */
export type WorkerCall = ToWorker extends infer Message
  ? Message extends ToWorker
    ? Omit<Message, 'call'>
    : never
  : never;

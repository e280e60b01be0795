import type { DrainOrder, Generation, Instant, ReplicaId, RequestRecord, RouteTable } from '../model/index.ts';
import type { ListenerAddress, ProxyHello } from '../protocol/index.ts';

/** What the control side needs of a proxy. The real one is found by `connectProxy`; simulations bring their own. */
export interface ProxyLink {
  /** What the proxy said when this link last came up. */
  readonly hello: ProxyHello;
  /**
   * Resolves once every worker serves the table: from then on no new request reaches an upstream that it dropped.
   * Throws TABLE_REJECTED or PORT_TAKEN (what served goes on serving), or PROXY_UNREACHABLE.
   */
  publish(table: RouteTable, signal: AbortSignal): Promise<Published>;
  /** Ends streams and upgraded connections of an upstream that no route uses any more, by the policy. */
  drain(order: DrainOrder, signal: AbortSignal): Promise<void>;
  /** Closes everything still open on it, pooled idle connections included. */
  cut(upstream: ReplicaId, signal: AbortSignal): Promise<void>;
  /** Requests, streams and upgraded connections per upstream, right now. */
  inFlight(signal: AbortSignal): Promise<InFlight>;
  /** Counts of upstreams that left the table, whenever they change; 0 is said exactly once. */
  onDraining(callback: (counts: InFlight) => void): void;
  /**
   * One record per request, in batches, taken apart while one goes through them: who needs none pays for none. `dropped` were lost
   * because they came faster than they were read. What came while nobody was there, and since, comes first, to each who asks soon.
   */
  onLedger(callback: LedgerCallback): void;
  /** Something a person should know that no call asked for, such as certificates that changed and can't be used. */
  onNotice(callback: (message: string) => void): void;
  /** The proxy's process went away. It is started again by itself and gets the last table; `onBack` follows. */
  onLost(callback: (reason: string) => void): void;
  onBack(callback: (hello: ProxyHello) => void): void;
  /** Ends the proxy itself. */
  shutdown(signal: AbortSignal): Promise<void>;
  /** Lets go of the proxy, which goes on serving. */
  close(): Promise<void>;
  destroy(): void;
}

/** `proxyNow`: what the clock that the records' times are of shows now, where the proxy says it. */
export type LedgerCallback = (records: Iterable<RequestRecord>, dropped: number, proxyNow?: Instant) => void;

export type InFlight = Readonly<Record<ReplicaId, number>>;

export interface Published {
  readonly generation: Generation;
  /** Where it listens, with the ports that the system chose for port 0. */
  readonly listeners: readonly ListenerAddress[];
  /** Said when the table serves but could not be kept on disk. */
  readonly warning: string | undefined;
}

export interface ProxyLinkOptions {
  /** Holds `table.json`, `table.changes`, `proxy.sock`, `proxy.pid` and `proxy.log`. */
  readonly stateFolder: string;
  /** The composition root of the proxy: `src/bin/proxy.ts`, or its compiled twin. */
  readonly program: string;
  readonly workers?: number;
  /** Ends the attempt to reach or start a proxy; a link that stands is not touched by it. */
  readonly signal: AbortSignal;
}

import type { Generation, ReplicaId, RevisionNumber } from './brand.ts';
import type { Affinity, TrafficSplit } from './division.ts';
import type { DrainPolicy, EdgeAnswer, EdgePolicy } from './policy.ts';
import type { Address } from './replica.ts';

/** The whole of what the proxy does, under one number. Refused whole or acknowledged whole; what has not changed need not travel again. */
export interface RouteTable {
  readonly generation: Generation;
  /** One per address to listen on. */
  readonly listeners: readonly Listener[];
  readonly pools: readonly Pool[];
  /** Private names, answered by the DNS of the network they belong to. */
  readonly names: readonly NameZone[];
  /** What a host that no route knows gets. */
  readonly unknownHost: EdgeAnswer;
  readonly reports?: ProxyReports;
  /** CIDRs of proxies in front: their X-Forwarded-* and X-Request-ID are believed, anybody else's are replaced. */
  readonly trustedPeers?: readonly string[];
}

/** What the proxy tells others than its supervisor. */
export interface ProxyReports {
  /** Where Prometheus finds `/metrics`. */
  readonly metrics?: Address;
  /** Absolute path of a file that gets a line of JSON per request; `-` is the proxy's standard output. */
  readonly accessLog?: string;
}

export type Listener = HttpListener | HttpsListener | RedirectListener | TcpListener;

interface ListeningAt {
  readonly id: string;
  readonly address: string;
  /** 0 lets the system choose; the acknowledgement says which. */
  readonly port: number;
  readonly limits?: ConnectionLimits;
}

/** What clients may take of a listener. What is not said has the proxy's default: its patience, and no cap. */
export interface ConnectionLimits {
  /** Open at once, over all workers; what comes beyond is closed. */
  readonly connections?: number;
  /** The same from one address. */
  readonly connectionsPerAddress?: number;
  /** From a head's first octet to its last; then 408. */
  readonly headSeconds?: number;
  /** Without an octet of a body that is owed; then 408. */
  readonly bodySeconds?: number;
  /** Octets of a body per second, on average over `bodySeconds`; then 408. 0: however slowly. */
  readonly bodyBytesPerSecond?: number;
  /** Without a request. */
  readonly idleSeconds?: number;
  /** In which a client takes nothing of what waits for it; then it is cut. */
  readonly readerSeconds?: number;
}

export interface HttpListener extends ListeningAt {
  readonly kind: 'http';
  readonly routes: readonly Route[];
}

/** HTTP/2 and HTTP/1.1 behind TLS; the name asked for (SNI) chooses the certificate. */
export interface HttpsListener extends ListeningAt {
  readonly kind: 'https';
  readonly routes: readonly Route[];
  /** The first one whose name matches is used; all of them before the authority is asked. */
  readonly certificates: readonly CertificateFiles[];
  /** Folder of the authority that certifies `localhost` and names below it; undefined: other names and these are refused. */
  readonly authority?: string;
}

/** Answers every request with 308 to the same host and target under https. */
export interface RedirectListener extends ListeningAt {
  readonly kind: 'redirect';
  readonly toPort: number;
}

/** Connections go as they are to an upstream of the pool. */
export interface TcpListener extends ListeningAt {
  readonly kind: 'tcp';
  readonly pool: string;
  /** undefined: the port that the upstream's address names. */
  readonly upstreamPort?: number;
}

/** Absolute paths of PEM files. Their contents stay out of the table; the proxy reads them and watches them. */
export interface CertificateFiles {
  /** The certificate, followed by the intermediate ones. */
  readonly cert: string;
  readonly key: string;
}

export interface Route {
  /** Exact name, `*.example.localhost`, or `*` for any. Without port. */
  readonly host: string;
  /** Longest prefix wins; `/` matches everything. */
  readonly pathPrefix: string;
  readonly pool: string;
  /** Only upstreams of this revision: the preview address of a version that does not serve the public yet. */
  readonly revision?: RevisionNumber;
}

export interface Pool {
  /** `<project>/<environment>/<service>`. */
  readonly id: string;
  readonly upstreams: readonly Upstream[];
  readonly edge: EdgePolicy;
  /** undefined: every upstream alike. */
  readonly split?: TrafficSplit;
  /** undefined: every request is free to go anywhere. */
  readonly affinity?: Affinity;
}

export interface Upstream {
  readonly id: ReplicaId;
  readonly revision: RevisionNumber;
  readonly address: Address;
}

export interface NameZone {
  /** Address the DNS server binds (a network's gateway), port 53 unless told. */
  readonly bind: Address;
  /** Only askers in this CIDR get answers. */
  readonly subnet: string;
  /** `mcp-cloud.railway.internal` and `mcp-cloud` → IPv4 addresses of ready replicas. */
  readonly records: Readonly<Record<string, readonly string[]>>;
}

/** How to end what is still open on a replica that left the table. */
export interface DrainOrder {
  readonly upstream: ReplicaId;
  readonly policy: DrainPolicy;
}

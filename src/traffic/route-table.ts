import type {
  Address,
  Affinity,
  CertificateFiles,
  ConnectionLimits,
  EdgeAnswer,
  EdgePolicy,
  Generation,
  Listener,
  NameZone,
  Pool,
  ProxyReports,
  Route,
  RouteTable,
  RevisionNumber,
  ServiceName,
  TrafficSplit,
  Upstream,
} from '../model/index.ts';
import { servedSplit } from './served-split.ts';

/** Everything the table follows from. */
export interface RouteTableInput {
  readonly generation: Generation;
  /** Where the public listener is; port 0 lets the system choose. */
  readonly http: Address;
  /** undefined: no https. */
  readonly https?: HttpsInput;
  readonly unknownHost: EdgeAnswer;
  readonly services: readonly RoutedService[];
  /** Networks whose DNS we answer; empty on an engine without private names. */
  readonly zones: readonly ZoneInput[];
  readonly reports?: ProxyReports;
  readonly trustedPeers?: readonly string[];
  /** What clients may take of the public listeners; private ones and those for our own checks have none. */
  readonly limits?: ConnectionLimits;
}

export interface HttpsInput {
  readonly address: Address;
  readonly certificates: readonly CertificateFiles[];
  /** Folder of the authority for localhost names. */
  readonly authority: string;
  /** The port that http requests are sent to; undefined: they are served. */
  readonly redirectTo: number | undefined;
}

export interface RoutedService {
  /** `<project>/<environment>/<service>`. */
  readonly pool: string;
  readonly name: ServiceName;
  /** Public host names; `*.` wildcards allowed. */
  readonly domains: readonly string[];
  readonly edge: EdgePolicy;
  /** Exactly the replicas that get requests. */
  readonly upstreams: readonly Upstream[];
  /** Whom its private names lead to; undefined: all of them. */
  readonly named?: readonly Upstream[];
  /** A port of ours on which other services reach this one, for an engine without private names. */
  readonly loopback: Address | undefined;
  /** Addresses behind which connections go to it as they are. */
  readonly tcp?: readonly { readonly listen: Address; readonly upstreamPort: number | undefined }[];
  /** What it names but nobody serves is left out, and the remaining shares grow to 100. */
  readonly split?: TrafficSplit;
  readonly affinity?: Affinity;
  /** Addresses of versions that don't serve the public, or not alone. */
  readonly previews?: readonly { readonly host: string; readonly revision: RevisionNumber }[];
}

export interface ZoneInput {
  /** Where its DNS listens: the network's gateway. */
  readonly bind: Address;
  /** Who may ask, as CIDR. */
  readonly subnet: string;
  /** Services answer to their plain name and to `<name>.<suffix>` for each of these. */
  readonly suffixes: readonly string[];
  /** Names of the services of this network. */
  readonly services: readonly ServiceName[];
}

/** Listeners are known by these ids, in the acknowledgement too. */
const publicListener = 'http';
const secureListener = 'https';
/** Where our own checks go when users are sent to https. */
const checksListener = 'checks';
const loopbackListener = (pool: string): string => `loopback/${pool}`;

/**
 * Same input, same table, whatever order the input came in. A service that is handed in again as the same object is in the
 * table as the same objects: making a table and comparing it with the one before costs little where little has changed.
 */
export const buildRouteTable = (input: RouteTableInput): RouteTable => {
  const parts = input.services.map(partOf).toSorted((left, right) => compare(left.pool.id, right.pool.id));
  return {
    generation: input.generation,
    listeners: [
      ...publicOf(input, parts),
      ...all(parts, ({ loopback }) => loopback),
      ...all(parts, ({ service }) => tcpOf(service, input.limits)),
    ],
    pools: parts.map(({ pool }) => pool),
    names: input.zones.map((zone) => zoneOf(zone, parts)).toSorted((left, right) => compare(key(left), key(right))),
    unknownHost: input.unknownHost,
    ...(input.reports !== undefined && { reports: input.reports }),
    ...(input.trustedPeers !== undefined && { trustedPeers: input.trustedPeers }),
  };
};

/** What one service adds to a table. */
interface ServicePart {
  readonly service: RoutedService;
  readonly pool: Pool;
  readonly routes: readonly Route[];
  readonly loopback: readonly Listener[];
  /** What its private names say. */
  readonly hosts: readonly string[];
  /** Those names, by what follows the service's own. */
  readonly names: Map<string, string>;
}

const knownParts = new WeakMap<RoutedService, ServicePart>();

const partOf = (service: RoutedService): ServicePart => {
  const known = knownParts.get(service);
  if (known !== undefined) return known;
  const part: ServicePart = {
    service,
    pool: poolOf(service),
    routes: routesOf(service),
    loopback: loopbackOf(service),
    hosts: (service.named ?? service.upstreams).map(({ address }) => address.host).toSorted(compare),
    names: new Map(),
  };
  knownParts.set(service, part);
  return part;
};

const publicOf = ({ http, https, limits }: RouteTableInput, parts: readonly ServicePart[]): readonly Listener[] => {
  const routes = all(parts, (part) => part.routes);
  const limited = limits === undefined ? {} : { limits };
  const open = { id: publicListener, address: http.host, port: http.port, ...limited };
  const plain: Listener = { kind: 'http', ...open, routes };
  if (https === undefined) return [plain];
  const { address, certificates, authority, redirectTo } = https;
  const at = { id: secureListener, address: address.host, port: address.port, ...limited };
  const secure: Listener = { kind: 'https', ...at, routes, certificates, authority };
  if (redirectTo === undefined) return [plain, secure];
  const checks: Listener = { kind: 'http', id: checksListener, address: '127.0.0.1', port: 0, routes };
  return [{ kind: 'redirect', ...open, toPort: redirectTo }, secure, checks];
};

const poolOf = (service: RoutedService): Pool => {
  const split = service.split === undefined ? undefined : servedSplit(service.split, service.upstreams);
  return {
    id: service.pool,
    upstreams: service.upstreams.toSorted((left, right) => compare(left.id, right.id)),
    edge: service.edge,
    ...(split !== undefined && { split }),
    ...(service.affinity !== undefined && { affinity: service.affinity }),
  };
};

const routesOf = ({ domains, pool, previews = [] }: RoutedService): readonly Route[] => {
  const routes: Route[] = [];
  for (const domain of domains) routes.push({ host: domain.toLowerCase(), pathPrefix: '/', pool });
  for (const { host, revision } of previews) routes.push({ host: host.toLowerCase(), pathPrefix: '/', pool, revision });
  return routes.toSorted((left, right) => compare(left.host, right.host));
};

const loopbackOf = (service: RoutedService): readonly Listener[] =>
  service.loopback === undefined
    ? []
    : [
        {
          kind: 'http',
          id: loopbackListener(service.pool),
          address: service.loopback.host,
          port: service.loopback.port,
          routes: [{ host: '*', pathPrefix: '/', pool: service.pool }],
        },
      ];

const tcpOf = ({ pool, tcp = [] }: RoutedService, limits: ConnectionLimits | undefined): readonly Listener[] =>
  tcp.map(({ listen, upstreamPort }, index) => ({
    kind: 'tcp',
    id: `tcp/${pool}/${index}`,
    address: listen.host,
    port: listen.port,
    pool,
    ...(limits !== undefined && { limits }),
    ...(upstreamPort !== undefined && { upstreamPort }),
  }));

const zoneOf = (zone: ZoneInput, parts: readonly ServicePart[]): NameZone => {
  const members = new Set(zone.services);
  const records: Record<string, readonly string[]> = {};
  const endings = ['', ...zone.suffixes.map((suffix) => `.${suffix}`)];
  for (const part of parts) {
    if (!members.has(part.service.name)) continue;
    for (const ending of endings) records[nameOf(part, ending)] = part.hosts;
  }
  return { bind: zone.bind, subnet: zone.subnet, records };
};

/** Made once: that takes longer than all else about it. */
const nameOf = ({ service, names }: ServicePart, ending: string): string => {
  const name = names.get(ending) ?? (service.name + ending).toLowerCase();
  names.set(ending, name);
  return name;
};

const key = (zone: NameZone): string => `${zone.bind.host}:${zone.bind.port}`;

/** `flatMap` takes five times as long. */
const all = <Item>(parts: readonly ServicePart[], itemsOf: (part: ServicePart) => readonly Item[]): readonly Item[] => {
  const items: Item[] = [];
  for (const part of parts) for (const item of itemsOf(part)) items.push(item);
  return items;
};

/** By code unit: the same on every machine, unlike a locale's order. */
const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

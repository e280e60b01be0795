import type {
  Address,
  EdgeAnswer,
  EnvironmentName,
  ProjectName,
  ProxyReports,
  ReplicaId,
  RouteTable,
  RevisionNumber,
  ServiceName,
  TrafficSplit,
  Upstream,
} from '../model/index.ts';
import { previewHosts } from './preview.ts';
import type { HttpsInput, RoutedService, RouteTableInput } from '../traffic/index.ts';
import { buildRouteTable } from '../traffic/index.ts';
import type { Records } from './records.ts';
import { domainsOf } from './releases.ts';
import type { ServiceRecord } from './store/index.ts';

/** What every table of this supervisor has in common. */
export interface TableSurroundings {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  /** Where the public listener is asked to be; port 0: the system chooses once, then it is kept. */
  readonly http: Address;
  /** undefined: no https. */
  readonly https?: SecureDoor | undefined;
  readonly reports?: ProxyReports;
  /** undefined until the engine said where its private names are served, or when it serves none. */
  names(): { readonly bind: Address; readonly subnet: string } | undefined;
}

/** Where https is served, and the folder of the authority that vouches for localhost names. */
export interface SecureDoor {
  readonly address: Address;
  readonly authority: string;
}

/** Who serves one service, and who of them how much. */
export interface Served {
  readonly members: readonly ReplicaId[];
  /** undefined: every one alike. */
  readonly split?: TrafficSplit;
}

export interface TableMembers {
  readonly generation: number;
  readonly served: ReadonlyMap<ServiceName, Served>;
  readonly upstreams: ReadonlyMap<ReplicaId, Upstream>;
}

export const poolOf = (place: Pick<TableSurroundings, 'project' | 'environment'>, service: ServiceName): string =>
  `${place.project}/${place.environment}/${service}`;

export const loopbackHost = '127.0.0.1';

export const tableOf = (surroundings: TableSurroundings, records: Records, input: TableMembers): RouteTable => {
  const routed = records
    .services()
    .filter((record) => record.wanted || (input.served.get(record.service)?.members.length ?? 0) > 0);
  const { publicPort, trustedProxies, clientLimits } = records.settings();
  const port = surroundings.http.port === 0 ? (publicPort ?? 0) : surroundings.http.port;
  return buildRouteTable({
    generation: input.generation,
    http: { host: surroundings.http.host, port },
    ...(surroundings.https !== undefined && { https: secureOf(surroundings.https, records) }),
    unknownHost: routed[0]?.policy.edge.unknownHost ?? nothingHere,
    services: routed.map((record) =>
      routedService(surroundings, records, { record, input, previews: previewsOf(records, record, input) }),
    ),
    zones: zonesOf(surroundings, routed),
    ...(surroundings.reports !== undefined && { reports: surroundings.reports }),
    ...(trustedProxies !== undefined && { trustedPeers: trustedProxies }),
    ...(clientLimits !== undefined && { limits: clientLimits }),
  });
};

/** Until its port is known nobody is sent there. */
const secureOf = ({ address, authority }: SecureDoor, records: Records): HttpsInput => {
  const { securePort, tls } = records.settings();
  const port = address.port === 0 ? (securePort ?? 0) : address.port;
  return {
    address: { host: address.host, port },
    certificates: tls?.certificates ?? [],
    authority,
    redirectTo: tls?.redirect === true && port !== 0 ? port : undefined,
  };
};

type Previews = NonNullable<RoutedService['previews']>;

interface RoutedParts {
  readonly record: ServiceRecord;
  readonly input: TableMembers;
  readonly previews: Previews;
}

const routedService = (
  surroundings: TableSurroundings,
  records: Records,
  { record, input, previews }: RoutedParts,
): RoutedService => {
  const { members = [], split } = input.served.get(record.service) ?? {};
  const { affinity } = record.policy;
  const fresh = candidateIn(split);
  const upstreams = members.map((id) => input.upstreams.get(id)).filter((upstream) => upstream !== undefined);
  const privatePort = records.settings().privatePorts[record.service];
  return {
    pool: poolOf(surroundings, record.service),
    name: record.service,
    domains: domainsOf(record),
    edge: record.policy.edge,
    // A replica without an address (it listens nowhere) is a member that gets no requests.
    upstreams,
    // A name has no shares: it leads to a version that is tried out only once that has taken over.
    named: upstreams.filter(({ revision }) => revision !== fresh),
    ...(split !== undefined && { split }),
    ...(affinity !== undefined && { affinity }),
    tcp: tcpOf(surroundings, record),
    previews,
    loopback: privatePort === undefined ? undefined : { host: loopbackHost, port: privatePort },
  };
};

/** Who leaves the choice of the public port to the system does not want to be in anybody's way with others either. */
const tcpOf = ({ http }: TableSurroundings, { applied }: ServiceRecord): NonNullable<RoutedService['tcp']> =>
  (applied.spec.tcp ?? []).map(({ listen, port }) => ({
    listen: http.port === 0 ? { ...listen, port: 0 } : listen,
    // Where the engine hands out ports, or publishes them, only the address of the replica knows which is the app's.
    upstreamPort: port === applied.spec.port ? undefined : port,
  }));

const previewsOf = (records: Records, record: ServiceRecord, { served }: TableMembers): Previews => {
  const revision = candidateIn(served.get(record.service)?.split);
  return revision === undefined ? [] : previewHosts(records, record).map((host) => ({ host, revision }));
};

/** The version that is tried out: a newer one never runs beside it. */
const candidateIn = (split: TrafficSplit | undefined): RevisionNumber | undefined =>
  split === undefined ? undefined : Math.max(...split.shares.map(({ revision }) => revision));

const zonesOf = (surroundings: TableSurroundings, routed: readonly ServiceRecord[]): RouteTableInput['zones'] => {
  const names = surroundings.names();
  if (names === undefined) return [];
  return [{ ...names, suffixes: ['railway.internal'], services: routed.map((record) => record.service) }];
};

/** Until the first service brings its platform's answer. */
const nothingHere: EdgeAnswer = { status: 404, headers: { 'content-type': 'text/plain' }, body: 'no service here\n' };

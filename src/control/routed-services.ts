import type { ReplicaId, RevisionNumber, ServiceName, TrafficSplit, Upstream } from '../model/index.ts';
import type { RoutedService } from '../traffic/index.ts';
import { claimsOf } from './claims.ts';
import type { Claims } from './claims.ts';
import { isSame } from './input-hash.ts';
import { previewHosts } from './preview.ts';
import type { Records } from './records.ts';
import type { ServiceRecord } from './store/index.ts';
import { loopbackHost, poolOf } from './table-surroundings.ts';
import type { TableSurroundings } from './table-surroundings.ts';

/** Who serves one service, and who of them how much. */
export interface Served {
  readonly members: readonly ReplicaId[];
  /** undefined: every one alike. */
  readonly split?: TrafficSplit;
}

/** What the table says of each service: the very same object again for as long as nothing about the service has changed. */
export class RoutedServices {
  readonly #surroundings: TableSurroundings;
  readonly #records: Records;
  #known: ReadonlyMap<ServiceName, Known> = new Map();

  constructor(surroundings: TableSurroundings, records: Records) {
    this.#surroundings = surroundings;
    this.#records = records;
  }

  of(
    records: readonly ServiceRecord[],
    served: ReadonlyMap<ServiceName, Served>,
    upstreams: Upstreams,
  ): readonly RoutedService[] {
    const { privatePorts } = this.#records.settings();
    const known = new Map<ServiceName, Known>();
    const claims = claimsOf(this.#records, records, (service) => (served.get(service)?.members.length ?? 0) > 0);
    const routed: RoutedService[] = [];
    for (const record of records) {
      const { service } = record;
      const facts: Facts = {
        record,
        served: served.get(service),
        privatePort: privatePorts[service],
        claims: claims(record),
      };
      const before = this.#known.get(service);
      const one =
        before !== undefined && this.#isStill(before, facts, upstreams) ? before : this.#learn(facts, upstreams);
      known.set(service, one);
      routed.push(one.routed);
    }
    this.#known = known;
    return routed;
  }

  #isStill(known: Known, { record, served, privatePort, claims }: Facts, upstreams: Upstreams): boolean {
    return (
      known.record === record &&
      known.served === served &&
      known.privatePort === privatePort &&
      isSame(known.claims, claims) &&
      (served === undefined || served.members.every((id, at) => upstreams.get(id) === known.members[at])) &&
      (served?.split === undefined || isSame(known.previewHosts, previewHosts(this.#records, record)))
    );
  }

  #learn(facts: Facts, upstreams: Upstreams): Known {
    const { record, served } = facts;
    const members = (served?.members ?? []).map((id) => upstreams.get(id));
    const hosts = served?.split === undefined ? [] : previewHosts(this.#records, record);
    const known = { ...facts, members, previewHosts: hosts };
    return { ...known, routed: routedService(this.#surroundings, known) };
  }
}

type Upstreams = ReadonlyMap<ReplicaId, Upstream>;

interface Facts {
  readonly record: ServiceRecord;
  readonly served: Served | undefined;
  readonly privatePort: number | undefined;
  readonly claims: Claims;
}

/** What a service's part follows from, beside what stays as long as we run. */
interface AllFacts extends Facts {
  /** undefined: a replica without an address, which listens nowhere. It is a member that gets no requests. */
  readonly members: readonly (Upstream | undefined)[];
  readonly previewHosts: readonly string[];
}

interface Known extends AllFacts {
  readonly routed: RoutedService;
}

const routedService = (
  surroundings: TableSurroundings,
  { record, served, members, privatePort, claims, previewHosts: hosts }: AllFacts,
): RoutedService => {
  const { affinity, edge } = record.policy;
  const split = served?.split;
  const fresh = candidateIn(split);
  const upstreams = members.filter((upstream) => upstream !== undefined);
  return {
    pool: poolOf(surroundings, record.service),
    name: record.service,
    domains: claims.domains,
    edge,
    upstreams,
    // A name has no shares: it leads to a version that is tried out only once that has taken over.
    named: upstreams.filter(({ revision }) => revision !== fresh),
    ...(split !== undefined && { split }),
    ...(affinity !== undefined && { affinity }),
    tcp: tcpOf(surroundings, record, claims),
    previews: fresh === undefined ? [] : hosts.map((host) => ({ host, revision: fresh })),
    loopback: privatePort === undefined ? undefined : { host: loopbackHost, port: privatePort },
  };
};

/** Who leaves the choice of the public port to the system does not want to be in anybody's way with others either. */
const tcpOf = (
  { http }: TableSurroundings,
  { applied }: ServiceRecord,
  { tcp }: Claims,
): NonNullable<RoutedService['tcp']> =>
  tcp.map(({ listen, port }) => ({
    listen: http.port === 0 ? { ...listen, port: 0 } : listen,
    // Where the engine hands out ports, or publishes them, only the address of the replica knows which is the app's.
    upstreamPort: port === applied.spec.port ? undefined : port,
  }));

/** The version that is tried out: a newer one never runs beside it. */
const candidateIn = (split: TrafficSplit | undefined): RevisionNumber | undefined =>
  split === undefined ? undefined : Math.max(...split.shares.map(({ revision }) => revision));

import type { EdgeAnswer, ReplicaId, RouteTable, ServiceName, Upstream } from '../model/index.ts';
import type { HttpsInput, RouteTableInput } from '../traffic/index.ts';
import { buildRouteTable } from '../traffic/index.ts';
import type { Records } from './records.ts';
import { RoutedServices } from './routed-services.ts';
import type { Served } from './routed-services.ts';
import type { ServiceRecord } from './store/index.ts';
import type { SecureDoor, TableSurroundings } from './table-surroundings.ts';

export interface TableMembers {
  readonly generation: number;
  readonly served: ReadonlyMap<ServiceName, Served>;
  readonly upstreams: ReadonlyMap<ReplicaId, Upstream>;
}

/** Makes tables one after the other; what nothing changed about is in the next one as it was in the last. */
export class TableBuilder {
  readonly #surroundings: TableSurroundings;
  readonly #records: Records;
  readonly #services: RoutedServices;
  readonly #order = new Order();

  constructor(surroundings: TableSurroundings, records: Records) {
    this.#surroundings = surroundings;
    this.#records = records;
    this.#services = new RoutedServices(surroundings, records);
  }

  build({ generation, served, upstreams }: TableMembers): RouteTable {
    const { http, https, reports } = this.#surroundings;
    const isRouted = ({ service, wanted }: ServiceRecord): boolean =>
      wanted || (served.get(service)?.members.length ?? 0) > 0;
    const routed = this.#records.services().filter(isRouted);
    const { publicPort, trustedProxies, clientLimits } = this.#records.settings();
    return buildRouteTable({
      generation,
      http: { host: http.host, port: http.port === 0 ? (publicPort ?? 0) : http.port },
      ...(https !== undefined && { https: secureOf(https, this.#records) }),
      unknownHost: routed[0]?.policy.edge.unknownHost ?? nothingHere,
      services: this.#services.of(this.#order.of(routed), served, upstreams),
      zones: zonesOf(this.#surroundings, routed),
      ...(reports !== undefined && { reports }),
      ...(trustedProxies !== undefined && { trustedPeers: trustedProxies }),
      ...(clientLimits !== undefined && { limits: clientLimits }),
    });
  }
}

/** By name. Sorting takes longer than all else about a table, so it is done once for as long as these are the same services. */
class Order {
  #arrived: readonly ServiceName[] = [];
  #places: readonly number[] = [];

  of(records: readonly ServiceRecord[]): readonly ServiceRecord[] {
    const isSame =
      records.length === this.#arrived.length && records.every(({ service }, at) => service === this.#arrived[at]);
    if (!isSame) {
      const names = records.map(({ service }) => service);
      this.#arrived = names;
      this.#places = names
        .map((_, at) => at)
        .toSorted((one, other) => ((names[one] ?? '') < (names[other] ?? '') ? -1 : 1));
    }
    return this.#places.map((at) => records[at]).filter((record) => record !== undefined);
  }
}

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

const zonesOf = (surroundings: TableSurroundings, routed: readonly ServiceRecord[]): RouteTableInput['zones'] => {
  const names = surroundings.names();
  if (names === undefined) return [];
  return [{ ...names, suffixes: ['railway.internal'], services: routed.map((record) => record.service) }];
};

/** Until the first service brings its platform's answer. */
const nothingHere: EdgeAnswer = { status: 404, headers: { 'content-type': 'text/plain' }, body: 'no service here\n' };

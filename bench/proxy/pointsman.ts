import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pool, ReplicaId, Route, RouteTable, ServiceName, Upstream } from '../../src/model/index.ts';
import { buildRouteTable, connectProxy } from '../../src/traffic/index.ts';
import type { ProxyLink, RoutedService } from '../../src/traffic/index.ts';
import { holdProcess, letProcessGo } from './at-exit.ts';

const program = fileURLToPath(new URL('../../src/bin/proxy.ts', import.meta.url));

export const soon = (): AbortSignal => AbortSignal.timeout(30_000);

/** The whole product as a supervisor runs it: master, workers, counts, and a record of every request that is read. */
export const startPointsman = async (folder: string, workers = 1): Promise<ProxyLink> => {
  const link = await connectProxy({ stateFolder: join(folder, 'pointsman'), program, workers, signal: soon() });
  holdProcess(link.hello.pid);
  link.onLedger(() => undefined);
  return link;
};

export const endPointsman = async (link: ProxyLink): Promise<void> => {
  await link.shutdown(soon());
  letProcessGo(link.hello.pid);
};

export const upstreamOn = (port: number, id = 'origin'): Upstream => ({
  id: id as ReplicaId,
  revision: 1,
  address: { host: '127.0.0.1', port },
});

const edge = {
  noUpstream: { status: 502, headers: {}, body: 'the application did not answer\n' },
  unknownHost: { status: 404, headers: {}, body: 'no route\n' },
  balance: 'round-robin',
  dial: { attempts: 3, timeoutMs: 5_000 },
  repeat: 'any',
  hold: { seconds: 0, maxRequests: 0 },
} as const;

const tableOf = (generation: number, pools: readonly Pool[], routes: readonly Route[]): RouteTable => ({
  generation,
  listeners: [
    {
      kind: 'http',
      id: 'http',
      address: '127.0.0.1',
      port: 0,
      routes: [...routes, { host: '*', pathPrefix: '/', pool: 'origin' }],
    },
  ],
  pools,
  names: [],
  unknownHost: edge.unknownHost,
});

/** Everything to these upstreams; `routes` of the same pool come beside the one that takes all. */
export const tableTo = (
  generation: number,
  upstreams: readonly Upstream[],
  routes: readonly Route[] = [],
): RouteTable => tableOf(generation, [{ id: 'origin', edge, upstreams }], routes);

/** So many routes, on up to a thousand hosts. */
export const routesTo = (count: number, poolOf: (host: number) => string): readonly Route[] =>
  Array.from({ length: count }, (_, index) => ({
    host: `service-${index % 1_000}.localhost`,
    pathPrefix: `/part-${Math.floor(index / 1_000)}`,
    pool: poolOf(index % 1_000),
  }));

/** A thousand services with ten domains each, one of which is deployed at a time; as the supervisor, it remembers what it knows of the others. */
export class ManyServices {
  readonly #originPort: number;
  readonly #services: RoutedService[];
  #generation = 0;

  constructor(originPort: number) {
    this.#originPort = originPort;
    this.#services = Array.from({ length: 1_000 }, (_, index) => this.#serviceAt(index));
    this.#services.push(serviceOf('origin', ['*'], upstreamOn(originPort))); // carries the load and stays
  }

  /** By the supervisor's own code. */
  deploy(generation: number): RouteTable {
    this.#generation += 1;
    const index = this.#generation % 1_000;
    this.#services[index] = this.#serviceAt(index);
    return buildRouteTable({
      generation,
      http: { host: '127.0.0.1', port: 0 },
      unknownHost: edge.unknownHost,
      zones: [],
      services: this.#services,
    });
  }

  #serviceAt(index: number): RoutedService {
    const name = `service-${index}`;
    const domains = Array.from({ length: 10 }, (_, domain) => `part-${domain}.${name}.localhost`);
    return serviceOf(name, domains, upstreamOn(this.#originPort, `${name}-${this.#generation}`));
  }
}

const serviceOf = (name: string, domains: readonly string[], upstream: Upstream): RoutedService => ({
  pool: name,
  name: name as ServiceName,
  domains,
  edge,
  upstreams: [upstream],
  loopback: undefined,
});

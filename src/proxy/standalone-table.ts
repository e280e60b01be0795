import type {
  Address,
  CertificateFiles,
  EdgePolicy,
  Listener,
  Pool,
  ProxyReports,
  ReplicaId,
  RequestLimits,
  RouteTable,
} from '../model/index.ts';

export interface StandaloneRoute {
  readonly host: string;
  readonly pathPrefix: string;
  readonly upstream: Address;
}

/** What is asked of a proxy that runs alone; at least one of `http`, `https` and `tcp`. */
export interface StandaloneEdges {
  readonly http: Address | undefined;
  readonly https: Address | undefined;
  /** With https: what it serves with beside the own authority's certificates. */
  readonly certificates: readonly CertificateFiles[];
  readonly tcp: readonly { readonly listen: Address; readonly upstream: Address }[];
  readonly routes: readonly StandaloneRoute[];
  readonly limits: RequestLimits;
  readonly reports: ProxyReports;
  readonly trustedPeers: readonly string[];
}

const edge: EdgePolicy = {
  noUpstream: { status: 502, headers: {}, body: 'the application did not answer (request {{requestId}})\n' },
  unknownHost: { status: 404, headers: {}, body: 'no route for this host (request {{requestId}})\n' },
  balance: 'round-robin',
  dial: { attempts: 3, timeoutMs: 5_000 },
  repeat: 'any',
  hold: { seconds: 0, maxRequests: 0 },
};

/** Routes of the same host and prefix share one pool, as do upstreams behind the same tcp address. `authority`: with https. */
export const standaloneTable = (edges: StandaloneEdges, authority: string | undefined): RouteTable => {
  const byPool = Map.groupBy(edges.routes, (route) => `${route.host}${route.pathPrefix}`);
  const byAddress = Map.groupBy(edges.tcp, ({ listen }) => `tcp/${listen.host}:${listen.port}`);
  return {
    generation: 1,
    listeners: [
      ...httpListeners({ ...edges, authority }, byPool),
      ...[...byAddress].map(([pool, [member]]) => ({
        kind: 'tcp' as const,
        id: pool,
        address: member?.listen.host ?? '',
        port: member?.listen.port ?? 0,
        pool,
      })),
    ],
    pools: [...byPool, ...byAddress].map((entry) => poolOf(entry, edges.limits)),
    names: [],
    unknownHost: edge.unknownHost,
    reports: edges.reports,
    trustedPeers: edges.trustedPeers,
  };
};

const httpListeners = (
  { http, https, certificates, authority }: StandaloneEdges & { readonly authority: string | undefined },
  byPool: ReadonlyMap<string, readonly StandaloneRoute[]>,
): readonly Listener[] => {
  const routes = [...byPool].map(([pool, [route]]) => ({
    host: route?.host ?? '*',
    pathPrefix: route?.pathPrefix ?? '/',
    pool,
  }));
  return [
    ...(http === undefined ? [] : [{ kind: 'http' as const, id: 'http', address: http.host, port: http.port, routes }]),
    ...(https === undefined
      ? []
      : [
          {
            kind: 'https' as const,
            id: 'https',
            address: https.host,
            port: https.port,
            routes,
            certificates,
            ...(authority !== undefined && { authority }),
          },
        ]),
  ];
};

const poolOf = (
  [id, members]: readonly [string, readonly { readonly upstream: Address }[]],
  limits: RequestLimits,
): Pool => ({
  id,
  edge: { ...edge, limits },
  upstreams: members.map(({ upstream }, index) => ({
    id: `${id}#${index}` as ReplicaId,
    revision: 1,
    address: upstream,
  })),
});

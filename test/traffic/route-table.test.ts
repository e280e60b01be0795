import { expect, it } from 'vitest';
import type { ReplicaId, ServiceName } from '../../src/model/index.ts';
import { buildRouteTable } from '../../src/traffic/index.ts';
import type { RouteTableInput } from '../../src/traffic/index.ts';
import { edge, upstream } from '../proxy/rig.ts';

const service = (name: string, more: Partial<RouteTableInput['services'][number]> = {}) => ({
  pool: `p/production/${name}`,
  name: name as ServiceName,
  domains: [`${name}.localhost`],
  edge,
  upstreams: [upstream(`${name}-2`, 2), upstream(`${name}-1`, 1)],
  loopback: undefined,
  ...more,
});

const input: RouteTableInput = {
  generation: 4,
  http: { host: '127.0.0.1', port: 8080 },
  unknownHost: edge.unknownHost,
  services: [
    service('web', { domains: ['*.web.localhost', 'WEB.localhost'] }),
    service('api', { loopback: { host: '127.0.0.1', port: 0 } }),
    service('worker', { domains: [], upstreams: [] }),
  ],
  zones: [
    {
      bind: { host: '10.1.0.1', port: 53 },
      subnet: '10.1.0.0/24',
      suffixes: ['example.internal'],
      services: ['web', 'worker'] as ServiceName[],
    },
  ],
};

it('is the same whatever order its input came in', () => {
  const shuffled = {
    ...input,
    services: input.services.toReversed().map((each) => ({
      ...each,
      domains: each.domains.toReversed(),
      upstreams: each.upstreams.toReversed(),
    })),
  };
  expect(JSON.stringify(buildRouteTable(shuffled))).toBe(JSON.stringify(buildRouteTable(input)));
});

it('has a public listener, loopback listeners, a pool per service and the names of each network', () => {
  const table = buildRouteTable(input);
  expect(table.listeners).toEqual([
    {
      kind: 'http',
      id: 'http',
      address: '127.0.0.1',
      port: 8080,
      routes: [
        { host: 'api.localhost', pathPrefix: '/', pool: 'p/production/api' },
        { host: '*.web.localhost', pathPrefix: '/', pool: 'p/production/web' },
        { host: 'web.localhost', pathPrefix: '/', pool: 'p/production/web' },
      ],
    },
    {
      kind: 'http',
      id: 'loopback/p/production/api',
      address: '127.0.0.1',
      port: 0,
      routes: [{ host: '*', pathPrefix: '/', pool: 'p/production/api' }],
    },
  ]);
  expect(table.pools.map((pool) => pool.upstreams.map((each) => each.id))).toEqual([
    ['api-1', 'api-2'] as ReplicaId[],
    ['web-1', 'web-2'] as ReplicaId[],
    [],
  ]);
  expect(table.names[0]?.records).toEqual({
    web: ['127.0.0.1', '127.0.0.1'],
    'web.example.internal': ['127.0.0.1', '127.0.0.1'],
    worker: [],
    'worker.example.internal': [],
  });
});

it('divides requests among what serves: a revision without replicas gives its share to the others', () => {
  const revision = (name: string, number: number) => ({ ...upstream(name, 1), revision: number });
  const split = {
    shares: [
      { revision: 3, percent: 20 },
      { revision: 2, percent: 30 },
      { revision: 1, percent: 50 },
    ],
    matches: [
      { by: 'header', name: 'X-Canary', revision: 3 },
      { by: 'cookie', name: 'beta', revision: 2 },
    ],
  } as const;
  const poolOf = (...upstreams: ReturnType<typeof revision>[]) =>
    buildRouteTable({ ...input, services: [service('web', { split, upstreams })] }).pools[0]?.split;
  expect(poolOf(revision('a', 1), revision('b', 2), revision('c', 3))).toEqual({
    ...split,
    shares: split.shares.toReversed(),
  });
  expect(poolOf(revision('b', 2), revision('c', 3))).toEqual({
    shares: [
      { revision: 2, percent: 60 },
      { revision: 3, percent: 40 },
    ],
    matches: split.matches,
  });
  expect(poolOf(revision('c', 3))).toEqual({
    shares: [{ revision: 3, percent: 100 }],
    matches: [{ by: 'header', name: 'X-Canary', revision: 3 }],
  });
  expect(poolOf()).toBeUndefined();
});

it('has a route to one revision for each preview address', () => {
  const previews = [{ host: 'R2.web.localhost', revision: 2 }];
  const [listener] = buildRouteTable({ ...input, services: [service('web', { previews })] }).listeners;
  expect(listener).toMatchObject({
    routes: [
      { host: 'r2.web.localhost', pathPrefix: '/', pool: 'p/production/web', revision: 2 },
      { host: 'web.localhost', pathPrefix: '/', pool: 'p/production/web' },
    ],
  });
});

it('private names lead to those that are said to have them, others get requests by the proxy only', () => {
  const upstreams = [
    upstream('old', 1),
    { ...upstream('new', 2), revision: 2, address: { host: '10.0.0.2', port: 2 } },
  ];
  const table = buildRouteTable({
    ...input,
    services: [service('web', { upstreams, named: upstreams.slice(0, 1) })],
    zones: [
      {
        bind: { host: '10.0.0.1', port: 53 },
        subnet: '10.0.0.0/24',
        suffixes: [],
        services: [service('web', {}).name],
      },
    ],
  });
  expect(table.names[0]?.records).toEqual({ web: ['127.0.0.1'] });
  expect(table.pools[0]?.upstreams).toHaveLength(2);
});

it('serves https beside http, or instead of it but for our own checks, and hands connections on as they are', () => {
  const https = {
    address: { host: '127.0.0.1', port: 8443 },
    certificates: [],
    authority: '/ca',
    redirectTo: undefined,
  };
  const db = service('db', {
    domains: [],
    tcp: [
      { listen: { host: '127.0.0.1', port: 5433 }, upstreamPort: undefined },
      { listen: { host: '127.0.0.1', port: 6432 }, upstreamPort: 6432 },
    ],
  });
  const both = buildRouteTable({ ...input, https, services: [service('web'), db] }).listeners;
  expect(both.map(({ kind, id, port }) => [kind, id, port])).toEqual([
    ['http', 'http', 8080],
    ['https', 'https', 8443],
    ['tcp', 'tcp/p/production/db/0', 5433],
    ['tcp', 'tcp/p/production/db/1', 6432],
  ]);
  expect(both[1]).toMatchObject({ routes: [{ host: 'web.localhost' }], authority: '/ca' });
  expect(both[3]).toMatchObject({ pool: 'p/production/db', upstreamPort: 6432 });
  const redirected = buildRouteTable({ ...input, https: { ...https, redirectTo: 8443 } }).listeners;
  expect(redirected.slice(0, 3)).toMatchObject([
    { kind: 'redirect', id: 'http', port: 8080, toPort: 8443 },
    { kind: 'https' },
    { kind: 'http', id: 'checks', address: '127.0.0.1', port: 0 },
  ]);
});

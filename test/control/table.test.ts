import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openStateFile, StateStore } from '../../src/control/index.ts';
import { put, Records } from '../../src/control/records.ts';
import { tableOf } from '../../src/control/table.ts';
import type { Served, TableSurroundings } from '../../src/control/table.ts';
import type { ServiceRecord } from '../../src/control/store/index.ts';
import { environmentName, projectName, serviceName } from '../../src/model/index.ts';
import type { ReplicaId, RolloutPolicy, RouteTable, ServiceSpec, Upstream } from '../../src/model/index.ts';
import { canary } from '../plan/policies.ts';

/** As far as shares, previews and names are concerned. */
const place = {
  project: projectName('shop'),
  environment: environmentName('production'),
  http: { host: '127.0.0.1', port: 8080 },
  https: undefined,
  names: () => ({ bind: { host: '10.0.0.1', port: 53 }, subnet: '10.0.0.0/24' }),
} as Partial<TableSurroundings> as TableSurroundings;

const recordOf = (name: string, domains: readonly string[], policy: RolloutPolicy): ServiceRecord => {
  const spec: ServiceSpec = {
    project: place.project,
    environment: place.environment,
    name: serviceName(name),
    platform: 'pointsman',
    image: { kind: 'image', reference: 'none' },
    replicas: 1,
    port: 8080,
    domains,
    volumes: [],
    variables: {},
    dependsOn: [],
    limits: {},
    policy,
    keepRevisions: 5,
    origins: {},
  };
  const applied = { spec, specHash: 'same' };
  return { service: spec.name, wanted: true, applied, policy, scaledTo: undefined, active: 1 };
};

const upstream = (revision: number): Upstream => ({
  id: `web-r${revision}` as ReplicaId,
  revision,
  address: { host: `10.0.0.${revision + 1}`, port: 8080 },
});

const routesOf = ({ listeners }: RouteTable) =>
  listeners.flatMap((listener) => ('routes' in listener ? listener.routes : []));

const tableWhile = (served: Served, more: readonly ServiceRecord[] = []): RouteTable => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-table-'));
  const store = new StateStore(openStateFile(join(folder, 'state.db')));
  onTestFinished(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const policy: RolloutPolicy = { ...canary, affinity: { to: 'revision', cookie: 'stays' } };
  const web = recordOf('web', ['web.localhost', '*.web.localhost'], policy);
  store.commit([web, ...more].map(put.service));
  const upstreams = new Map([1, 2].map((revision) => [upstream(revision).id, upstream(revision)]));
  return tableOf(place, new Records(store), { generation: 1, served: new Map([[web.service, served]]), upstreams });
};

const members = [upstream(1).id, upstream(2).id];
const split = {
  shares: [
    { revision: 1, percent: 90 },
    { revision: 2, percent: 10 },
  ],
  matches: [],
};

test('a version that is tried out has its share and a preview address, and no private name yet', () => {
  const table = tableWhile({ members, split });
  expect(table.pools[0]).toMatchObject({ split, affinity: { to: 'revision', cookie: 'stays' } });
  expect(routesOf(table)).toContainEqual(expect.objectContaining({ host: 'preview.web.localhost', revision: 2 }));
  expect(table.names[0]?.records['web']).toEqual(['10.0.0.2']);
});

test('once it has taken over there is nothing to preview, and the name leads to it', () => {
  const table = tableWhile({ members: [upstream(2).id] });
  expect(table.pools[0]).not.toHaveProperty('split');
  expect(routesOf(table).map(({ host }) => host)).toEqual(['*.web.localhost', 'web.localhost']);
  expect(table.names[0]?.records['web']).toEqual(['10.0.0.3']);
});

test('a domain that another service has is no preview address', () => {
  const other = recordOf('other', ['preview.web.localhost'], canary);
  const routes = routesOf(tableWhile({ members, split }, [other]));
  expect(routes.filter(({ host }) => host === 'preview.web.localhost')).toEqual([
    expect.objectContaining({ pool: 'shop/production/other' }),
  ]);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStateFile, StateStore } from '../../src/control/index.ts';
import { put, Records } from '../../src/control/records.ts';
import type { Served } from '../../src/control/routed-services.ts';
import { TableBuilder } from '../../src/control/table.ts';
import type { TableSurroundings } from '../../src/control/table-surroundings.ts';
import type { ServiceRecord } from '../../src/control/store/index.ts';
import { environmentName, projectName, serviceName } from '../../src/model/index.ts';
import type {
  ReplicaId,
  RolloutPolicy,
  RouteTable,
  ServiceName,
  ServiceSpec,
  Upstream,
} from '../../src/model/index.ts';
import { changeBetween } from '../../src/traffic/table-change.ts';
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

const openStore = (): StateStore => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-table-'));
  const store = new StateStore(openStateFile(join(folder, 'state.db')));
  onTestFinished(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
};

const tableWhile = (served: Served, more: readonly ServiceRecord[] = []): RouteTable => {
  const store = openStore();
  const policy: RolloutPolicy = { ...canary, affinity: { to: 'revision', cookie: 'stays' } };
  const web = recordOf('web', ['web.localhost', '*.web.localhost'], policy);
  store.commit([web, ...more].map(put.service));
  const upstreams = new Map([1, 2].map((revision) => [upstream(revision).id, upstream(revision)]));
  return new TableBuilder(place, new Records(store)).build({
    generation: 1,
    served: new Map([[web.service, served]]),
    upstreams,
  });
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

describe('tables one after the other', () => {
  /** Fifty services with two domains each; what is known of them is changed from outside. */
  const shop = () => {
    const store = openStore();
    const names = Array.from({ length: 50 }, (_, index) => `shop-${index}`);
    store.commit(
      names.map((name) => put.service(recordOf(name, [`${name}.localhost`, `*.${name}.localhost`], canary))),
    );
    const records = new Records(store);
    const served = new Map<ServiceName, Served>();
    const upstreams = new Map<ReplicaId, Upstream>();
    /** One replica of a version. */
    const start = (name: string, revision: number, port: number): ReplicaId => {
      const id = `${name}-r${revision}` as ReplicaId;
      upstreams.set(id, { id, revision, address: { host: '10.0.0.1', port } });
      return id;
    };
    for (const name of names) served.set(serviceName(name), { members: [start(name, 1, 1)] });
    const build = (builder: TableBuilder): RouteTable => builder.build({ generation: 1, served, upstreams });
    return { store, records, names, served, upstreams, start, build };
  };

  test('have what nothing changed about as the same objects, so that only the changed service has to be looked at', () => {
    const { records, served, start, build } = shop();
    const builder = new TableBuilder(place, records);
    const before = build(builder);
    served.set(serviceName('shop-7'), { members: [start('shop-7', 2, 1)] });
    const after = build(builder);
    const fresh = after.pools.filter((pool) => !before.pools.includes(pool));
    expect(fresh.map(({ id }) => id)).toEqual(['shop/production/shop-7']);
    const known = new Set(routesOf(before));
    expect(routesOf(after).filter((route) => !known.has(route))).toHaveLength(2);
    expect(changeBetween(before, { ...after, generation: 2 })).toMatchObject({
      pools: { gone: ['shop/production/shop-7'], put: [{ id: 'shop/production/shop-7' }] },
    });
  });

  test('are the same as tables made from nothing, whatever changed in between', () => {
    const { store, records, names, served, upstreams, start, build } = shop();
    const builder = new TableBuilder(place, records);
    const changes: readonly ((name: string, turn: number) => void)[] = [
      (name, turn) => served.set(serviceName(name), { members: [start(name, turn, 1)] }),
      (name) => served.set(serviceName(name), { members: [start(name, 1, 1), start(name, 2, 1)], split }),
      (name, turn) => start(name, 1, turn), // the same replica at another address
      (name) => served.delete(serviceName(name)),
      (name) => upstreams.delete(`${name}-r1` as ReplicaId),
      (name, turn) => store.commit([put.service(recordOf(name, [`moved-${turn}.localhost`], canary))]),
      (name) => store.commit([put.service(recordOf(name, ['preview.shop-3.localhost'], canary))]),
      (name) => store.commit([put.service({ ...recordOf(name, [], canary), wanted: false })]),
      (name, turn) => store.commit([put.service(recordOf(`more-${turn}`, [`more-${name}.localhost`], canary))]),
      (name, turn) => {
        const settings = records.settings();
        const privatePorts = { ...settings.privatePorts, [name]: 20_000 + turn };
        store.commit([put.settings({ ...settings, privatePorts })]);
      },
    ];
    for (let turn = 2; turn < 120; turn += 1) {
      const name = names[(turn * 3 + Math.floor(turn / 10)) % 10] ?? '';
      changes[(turn * 7) % changes.length]?.(name, turn);
      expect(build(builder)).toEqual(build(new TableBuilder(place, records)));
    }
  });
});

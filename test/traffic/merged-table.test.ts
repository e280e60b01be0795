import { describe, expect, it } from 'vitest';
import type { RouteTable } from '../../src/model/index.ts';
import { JoinedRoutes, mergedTable, partOf } from '../../src/traffic/merged-table.ts';

const edge = { status: 404, headers: {}, body: '' };

/** An environment's own table: one public route and one private listener per service. */
const tableOf = (environment: string, hosts: Readonly<Record<string, string>>): RouteTable => ({
  generation: 1,
  unknownHost: edge,
  names: [],
  pools: Object.keys(hosts).map((service) => ({
    id: `shop/${environment}/${service}`,
    upstreams: [],
    edge: {
      noUpstream: edge,
      unknownHost: edge,
      balance: 'random',
      dial: { attempts: 1, timeoutMs: 1 },
      hold: { seconds: 0, maxRequests: 0 },
    },
  })),
  listeners: [
    {
      kind: 'http',
      id: 'http',
      address: '127.0.0.1',
      port: 8080,
      routes: Object.entries(hosts).map(([service, host]) => ({
        host,
        pathPrefix: '/',
        pool: `shop/${environment}/${service}`,
      })),
    },
    ...Object.keys(hosts).map((service) => ({
      kind: 'http' as const,
      id: `loopback/shop/${environment}/${service}`,
      address: '127.0.0.1',
      port: 9000,
      routes: [{ host: '*', pathPrefix: '/', pool: `shop/${environment}/${service}` }],
    })),
  ],
});

const production = tableOf('production', { web: 'web.localhost', api: 'api.localhost', old: 'old.localhost' });
const staging = tableOf('staging', { web: 'staging.web.localhost', api: 'staging.api.localhost' });
const parts = new Map([
  ['production', production],
  ['staging', staging],
]);
const swapped = { production: 'staging', staging: 'production' };

const publicRoutes = ({ listeners }: RouteTable): Readonly<Record<string, string>> =>
  Object.fromEntries(
    listeners
      .flatMap((listener) => (listener.id === 'http' && 'routes' in listener ? listener.routes : []))
      .map(({ host, pool }) => [host, pool]),
  );

describe('tables of several environments', () => {
  it('stand side by side behind one public listener', () => {
    const table = mergedTable(parts, {}, 7);
    expect(table.generation).toBe(7);
    expect(table.listeners.filter(({ id }) => id === 'http')).toHaveLength(1);
    expect(table.listeners).toHaveLength(6);
    expect(publicRoutes(table)).toMatchObject({
      'web.localhost': 'shop/production/web',
      'staging.web.localhost': 'shop/staging/web',
    });
  });

  it('change hands where both have the service; private listeners and others stay', () => {
    const table = mergedTable(parts, swapped, 7);
    expect(publicRoutes(table)).toEqual({
      'web.localhost': 'shop/staging/web',
      'api.localhost': 'shop/staging/api',
      'old.localhost': 'shop/production/old',
      'staging.web.localhost': 'shop/production/web',
      'staging.api.localhost': 'shop/production/api',
    });
    const loopback = table.listeners.find(({ id }) => id === 'loopback/shop/production/web');
    expect(loopback).toMatchObject({ routes: [{ pool: 'shop/production/web' }] });
  });

  it.each([{}, swapped])('can be told apart again after a restart, swapped or not', (owners) => {
    const table = mergedTable(parts, owners, 1);
    expect(publicRoutes(partOf(table, 'production', owners) ?? table)).toEqual(publicRoutes(production));
    expect(partOf(table, 'staging', owners)?.listeners.map(({ id }) => id)).toEqual(
      staging.listeners.map(({ id }) => id),
    );
    expect(publicRoutes(partOf(table, 'staging', owners) ?? table)).toEqual(publicRoutes(staging));
    expect(partOf(table, 'preview', owners)).toBeUndefined();
  });

  it('are joined anew only where something is different, with the same result', () => {
    const joins = new JoinedRoutes();
    const grown = tableOf('staging', {
      web: 'staging.web.localhost',
      api: 'staging.api.localhost',
      old: 'o.localhost',
    });
    const renamed = tableOf('production', { web: 'www.localhost', api: 'api.localhost', old: 'old.localhost' });
    const preview: RouteTable = {
      ...staging,
      listeners: staging.listeners.map((listener) =>
        listener.id !== 'http' || !('routes' in listener)
          ? listener
          : { ...listener, routes: listener.routes.map((route) => ({ ...route, revision: 2 })) },
      ),
    };
    const again = tableOf('production', { web: 'web.localhost', api: 'api.localhost', old: 'old.localhost' });
    const all = [production, again, renamed].flatMap((one) => [staging, grown, preview].map((other) => [one, other]));
    let generation = 0;
    for (const owners of [{}, swapped, {}, swapped]) {
      for (const [one = production, other = staging] of [...all, ...all.toReversed()]) {
        generation += 1;
        const tables = new Map([
          ['production', one],
          ['staging', other],
        ]);
        expect(mergedTable(tables, owners, generation, joins)).toEqual(mergedTable(tables, owners, generation));
      }
    }
  });

  it.each([{}, swapped])(
    'keep the very routes they had when a service is deployed that has its own as before',
    (owners) => {
      const joins = new JoinedRoutes();
      const routesOf = (table: RouteTable) =>
        table.listeners.flatMap((listener) =>
          'routes' in listener && listener.id === 'http' ? [listener.routes] : [],
        );
      const [before] = routesOf(mergedTable(parts, owners, 1, joins));
      const deployed = tableOf('staging', { web: 'staging.web.localhost', api: 'staging.api.localhost' });
      const [after] = routesOf(mergedTable(new Map([...parts, ['staging', deployed]]), owners, 2, joins));
      expect(after).toBe(before);
    },
  );

  it('are refused when two claim the same domain', () => {
    const rival = new Map([...parts, ['preview', tableOf('preview', { web: 'web.localhost' })]]);
    expect(() => mergedTable(rival, {}, 1)).toThrow(/web.localhost is claimed by shop\/preview\/web/);
  });
});

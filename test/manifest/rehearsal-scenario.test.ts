import { expect, it } from 'vitest';
import { rehearsalScenarios } from '../../src/manifest/index.ts';
import { load, projectFolder, project, service } from './project-folder.ts';

const rehearsal = (spec: string): string =>
  `apiVersion: pointsman/v1\nkind: Rehearsal\nmetadata: { name: swap }\nspec:\n${spec}\n`;
const services = `${project('{}')}---\n${service('web', 'image: x\ndomains: [web.localhost]\ndeploy: { healthcheckPath: /up }')}---\n${service('api', 'image: x\ndomains: ["*.api.localhost", api.localhost]')}---\n${service('worker', 'image: x')}`;

const scenario = async (spec: string) => {
  const loaded = await load(projectFolder({ 'a.yaml': `${services}---\n${rehearsal(spec)}` }));
  expect(loaded.problems).toEqual([]);
  return rehearsalScenarios(loaded)[0];
};

it('a rehearsal is read with its durations, rates and budgets as numbers', async () => {
  expect(
    await scenario(`  deploy: { services: [web], variables: { RELEASE: 2 } }
  compare: [railway, pointsman]
  before: 1500ms
  after: 2m
  workloads:
    - { name: calls, http: { host: web.localhost, path: /, rate: 200/s, timeout: 5s, headers: { a: b }, body: x, method: POST } }
    - { sse: { host: web.localhost, path: /events, connections: 20 } }
    - { sse: { host: x.api.localhost, path: /events, connections: 1, silence: 500ms } }
    - jobs: { host: web.localhost, enqueue: { path: /jobs }, status: { path: "/jobs/{id}" }, rate: 30/m, failed: [lost, failed] }
  budgets: { failedRequests: 0, longestOutage: 0.5s, droppedStreams: 1, deploySeconds: 60 }`),
  ).toEqual({
    name: 'swap',
    project: 'shop',
    deploy: { services: ['web'], variables: { RELEASE: '2' } },
    compare: ['railway', 'pointsman'],
    beforeSeconds: 1.5,
    afterSeconds: 120,
    workloads: [
      {
        kind: 'http',
        name: 'calls',
        host: 'web.localhost',
        path: '/',
        method: 'POST',
        headers: { a: 'b' },
        body: 'x',
        ratePerSecond: 200,
        timeoutSeconds: 5,
      },
      { kind: 'sse', name: 'sse', host: 'web.localhost', path: '/events', connections: 20, silenceSeconds: 15 },
      { kind: 'sse', name: 'sse-2', host: 'x.api.localhost', path: '/events', connections: 1, silenceSeconds: 0.5 },
      {
        kind: 'jobs',
        name: 'jobs',
        host: 'web.localhost',
        enqueue: { method: 'POST', path: '/jobs' },
        status: { path: '/jobs/{id}' },
        ratePerSecond: 0.5,
        done: ['done'],
        failed: ['lost', 'failed'],
        timeoutSeconds: 60,
      },
    ],
    budgets: { failedRequests: 0, longestOutageMs: 500, droppedStreams: 1, deploySeconds: 60 },
  });
});

it('one that says nothing compares every platform, under load on every public service', async () => {
  const found = await scenario('  {}');
  expect(found?.compare).toEqual(['railway-stop-start', 'railway', 'pointsman']);
  expect(found?.deploy).toEqual({ services: [], variables: {} });
  expect(found?.workloads.map(({ name, host, kind }) => ({ name, host, kind }))).toEqual([
    { name: 'web', host: 'web.localhost', kind: 'http' },
    { name: 'api', host: 'api.localhost', kind: 'http' },
  ]);
  expect(found?.workloads[0]).toMatchObject({ path: '/up', ratePerSecond: 50 });
  expect(found?.budgets).toEqual({});
});

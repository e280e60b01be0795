import { expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import type { ExplainReport, PlanReport } from '../../src/protocol/index.ts';
import { Lines } from './command-line.ts';
import { ourProcesses } from './left-overs.ts';
import type { Spec } from './manifests.ts';
import { appSpec, manifestOf, politeSpec } from './manifests.ts';
import { host, operationsSuite, projectOf, webSpec } from './operations.ts';
import { ask, load } from './traffic.ts';

/** store ← api ← web; a worker beside them. */
const services = (variables: Spec = {}): Record<string, Spec> => ({
  web: webSpec({ dependsOn: ['api'] }),
  api: politeSpec('api.operations.localhost', {}, { dependsOn: ['store'], variables }),
  store: politeSpec('store.operations.localhost'),
  worker: appSpec('worker.mjs', {}, { dependsOn: ['store'] }),
});
const manifest = (named: Record<string, Spec>): string => manifestOf('operations-process', named);
const project = projectOf('process', services());

/** The order in which something was told of services, each once. */
const order = async (reason: string, after = 0): Promise<readonly string[]> => [
  ...new Set(
    (await project().events())
      .filter((event) => event.reason === reason && event.sequence > after)
      .map((event) => event.service ?? ''),
  ),
];

const lastSequence = async (): Promise<number> => (await project().events()).at(-1)?.sequence ?? 0;

test('dependsOn: a first start goes in waves, each complete before the next starts anything', async () => {
  const ready = await order('RolloutCompleted');
  const events = await project().events();
  expect(ready.indexOf('store')).toBe(0);
  expect(ready.indexOf('api')).toBeLessThan(ready.indexOf('web'));
  const at = (service: string, reason: string): number =>
    events.findIndex((event) => event.service === service && event.reason === reason);
  expect(at('api', 'ReplicaStarted')).toBeGreaterThan(at('store', 'ReplicaReady'));
  expect(at('web', 'ReplicaStarted')).toBeGreaterThan(at('api', 'ReplicaReady'));
});

test('dependsOn: a deploy of several services goes in waves too', async () => {
  const before = await lastSequence();
  const report = await project().deploy('web', 'store', 'api', '--variable', 'STAGE=second');
  expect(report).toMatchObject({ result: 'completed' });
  expect(await order('ReplicaStarted', before)).toEqual(['store', 'api', 'web']);
});

test('a service that fails stops the wave: what depends on it stays as it was', async () => {
  const before = { web: (await project().service('web')).revision, sequence: await lastSequence() };
  const broken = appSpec('crash-loop.mjs', { healthcheckPath: '/health', restartPolicyType: 'NEVER' });
  const changed = services();
  await project().write(
    'pointsman.yaml',
    manifest({
      ...changed,
      api: { ...changed['api'], ...broken },
      web: { ...changed['web'], variables: { NEW: '1' } },
    }),
  );
  const outcome = await project().tryUp();
  expect(outcome).toMatchObject({ exitCode: 1 });
  expect(outcome.all).toContain(`cannot find module 'left-behind'`);
  expect(await order('ReplicaStarted', before.sequence)).not.toContain('web');
  expect(await project().service('web')).toMatchObject({ revision: before.web, ready: 2 });
  await project().write('pointsman.yaml', manifest(services()));
  await project().up();
});

test('plan says what a deploy would do and does none of it', async () => {
  const replicas = await project().replicas();
  const plan = JSON.parse(await project().do('plan', 'web', '--variable', 'RELEASE=9', '--json')) as PlanReport;
  expect(plan.services).toContainEqual(expect.objectContaining({ service: 'web', change: 'replace' }));
  expect(plan.text).toMatch(/web/);
  expect(await project().replicas()).toEqual(replicas);
});

operationsSuite(project);

test('explain shows who won and whom it overrode', async () => {
  const { values } = JSON.parse(await project().do('explain', 'web', '--json')) as ExplainReport;
  expect(values['deploy.drainingSeconds']).toMatchObject({
    source: { kind: 'manifest', where: { line: expect.any(Number) } },
    overrode: [{ source: { kind: 'platform', platform: 'pointsman' } }],
  });
  const text = await project().do('explain', 'web');
  expect(text).toMatch(/drainingSeconds[^]*10[^]*pointsman\.yaml:\d+/);
});

test('a crashed replica is started again by its policy while the other one serves', async () => {
  const calls = await load(await project().url(), host, 100);
  const known = await lastSequence();
  const events = new Lines(project().start('events', 'web', '--follow', '--json'));
  const told = (reason: string): Promise<string> =>
    events.find((line) => {
      const event = JSON.parse(line) as Event;
      return event.sequence > known && event.reason === reason;
    });
  try {
    const { body } = await ask(await project().url(), host);
    process.kill((JSON.parse(body) as { pid: number }).pid, 'SIGKILL');
    await told('ReplicaCrashed');
    await told('ReplicaReady');
    expect(await project().settled('web')).toMatchObject({ ready: 2 });
  } finally {
    await events.stop();
    await calls.stop();
  }
});

test('down leaves nothing: no process, no port', async () => {
  const url = await project().url();
  await project().do('down', '--volumes');
  expect(await ourProcesses(project().folder, 'all')).toEqual([]);
  await expect(ask(url, host)).rejects.toThrow(/ECONNREFUSED/);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import type { ExecReport, ExplainReport, PlanReport, RevisionReport } from '../../src/protocol/index.ts';
import { Lines } from './command-line.ts';
import { ourProcesses } from './left-overs.ts';
import type { Spec } from './manifests.ts';
import { appSpec, manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

const host = 'web.operations.localhost';
const releases = (more: Spec = {}): Spec => ({ variables: { RELEASE: '1', COLOUR: 'blue' }, ...more });

/** store ← api ← web; a worker beside them. */
const services = (variables: Spec = {}): Record<string, Spec> => ({
  web: politeSpec(host, { numReplicas: 2, strategy: 'rolling' }, releases({ dependsOn: ['api'] })),
  api: politeSpec('api.operations.localhost', {}, { dependsOn: ['store'], variables }),
  store: politeSpec('store.operations.localhost'),
  worker: appSpec('worker.mjs', {}, { dependsOn: ['store'] }),
});
const manifest = (named: Record<string, Spec>): string => manifestOf('operations', named);

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

beforeAll(async () => {
  running.project = await Project.create('process', manifest(services()));
  await running.project.up();
});
afterAll(() => running.project?.remove());

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

test('rollback brings back an older revision, its image and its variables included', async () => {
  const { revision } = await project().service('web');
  await project().deploy('web', '--variable', 'RELEASE=5', '--variable', 'COLOUR=red');
  const url = await project().url();
  expect((await ask(url, host)).body).toContain('"release":"5"');
  const calls = await load(url, host, 100);
  await project().do('rollback', 'web', String(revision));
  expect(await calls.stop()).toMatchObject({ failed: 0 });
  expect((await ask(url, host)).body).toContain('"release":"1"');
  expect(await printed('COLOUR')).toBe('blue');
  const revisions = JSON.parse(await project().do('revisions', 'web', '--json')) as RevisionReport[];
  const [newest, , target] = revisions;
  expect(target).toMatchObject({ number: revision });
  expect(newest).toMatchObject({ image: target?.image, specHash: target?.specHash, result: 'active' });
});

const printed = async (variable: string): Promise<string> => {
  const words = ['node', '-p', `process.env.${variable}`];
  return (await project().do('exec', 'web', '--', ...words)).trim();
};

test('scale starts and drains replicas without touching the others or losing a request', async () => {
  const two = await project().replicas();
  const calls = await load(await project().url(), host, 100);
  await project().do('scale', 'web', '4');
  expect(await project().service('web')).toMatchObject({ wanted: 4, ready: 4 });
  expect(await project().replicas()).toEqual(expect.arrayContaining([...two]));
  await project().do('scale', 'web', '2');
  expect(await project().service('web')).toMatchObject({ wanted: 2, ready: 2 });
  expect(await calls.stop()).toMatchObject({ failed: 0 });
});

test('restart replaces every replica of a service by new ones of the same image, without losing a request', async () => {
  const before = await project().service('web');
  const calls = await load(await project().url(), host, 100);
  await project().do('restart', 'web');
  expect(await calls.stop()).toMatchObject({ failed: 0 });
  const after = await project().service('web');
  expect(after).toMatchObject({ ready: 2, wanted: 2 });
  const routed = after.replicas.filter((replica) => replica.routed).map(({ id }) => id);
  expect(routed.filter((id) => before.replicas.some((replica) => replica.id === id))).toEqual([]);
});

test('logs -f shows the old and the new version together, each line with its revision', async () => {
  const { revision = 0 } = await project().service('web');
  const logs = new Lines(project().start('logs', 'web', '--follow'));
  try {
    await logs.find((line) => line.includes(`r${revision} | listening`));
    await project().deploy('web', '--variable', 'RELEASE=6');
    await logs.find((line) => line.includes(`r${revision + 1} | listening`) && line.endsWith('release 6'));
    await logs.find((line) => line.includes(`r${revision} | SIGTERM: finishing what runs`));
  } finally {
    expect(await logs.stop('SIGINT')).toBe(130);
  }
});

test("exec runs inside a replica and ends with the command's own exit code", async () => {
  const report = JSON.parse(
    await project().do('exec', '--json', 'web', '--', 'node', '-p', 'process.env.PORT'),
  ) as ExecReport;
  const { replicas } = await project().service('web');
  const asked = replicas.find(({ id }) => id === report.replica);
  expect(asked?.address).toContain(`:${report.output.trim()}`);
  expect(await project().run('exec', 'web', '--', 'node', '-e', 'process.exit(42)')).toMatchObject({ exitCode: 42 });
});

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
    expect(await project().service('web')).toMatchObject({ ready: 2 });
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

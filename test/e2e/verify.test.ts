import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeployReport } from '../../src/protocol/index.ts';
import type { Spec } from './manifests.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, EventStream, load } from './traffic.ts';

const host = 'web.verify.localhost';
const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

const within = '3s';
/** Exits with 1 while a file named `blocked` lies beside the manifest. */
const notBlocked = (folder: string): Spec => ({
  name: 'nobody said stop',
  exec: { command: ['/bin/sh', '-c', `test ! -e '${join(folder, 'blocked')}'`] },
  within,
});
/** Good for every release but those that say otherwise. */
const releaseIs = (release: string): Spec => ({ http: { path: '/', json: { release } }, within });

const manifest = (folder: string, verify: Spec, release: string): string =>
  manifestOf('verify', {
    web: politeSpec(
      host,
      { strategy: 'blue-green', numReplicas: 2 },
      { variables: { RELEASE: release }, verify: { before: [notBlocked(folder)], ...verify } },
    ),
  });

const write = (verify: Spec, release: string): Promise<void> =>
  project().write('pointsman.yaml', manifest(project().folder, verify, release));

/** The watcher would deploy what is written too: `up` joins it. */
const deployFailing = async (): Promise<DeployReport> => {
  const outcome = await project().run('up', '--json');
  expect(outcome).toMatchObject({ exitCode: 1 });
  return JSON.parse(outcome.stdout) as DeployReport;
};

const lastChecks = async (): Promise<readonly string[]> =>
  (await project().events('web'))
    .filter(({ reason }) => reason === 'CheckPassed' || reason === 'CheckFailed')
    .map(({ reason, message }) => `${reason} ${message}`);

beforeAll(async () => {
  running.project = await Project.create('process', manifestOf('verify', { web: politeSpec(host) }));
  await write({ after: [releaseIs('1')] }, '1');
  await project().up();
});
afterAll(() => running.project?.remove());

test('every kind of check can be asked around a deploy, and a good one goes through without losing a request', async () => {
  const calls = await load(await project().url(), host, 100);
  const streams = new EventStream(await project().url('/sse'), host);
  try {
    await streams.opened;
    await write(
      {
        during: [{ http: { path: '/health' }, every: '100ms' }],
        after: [
          releaseIs('2'),
          { sse: { path: '/sse', contains: '"release":"2"' } },
          { tcp: {} },
          { log: { contains: 'release 2' } },
          { name: 'at each', http: { path: '/', json: { release: '2' } }, through: 'replicas' },
        ],
      },
      '2',
    );
    expect(JSON.parse(await project().do('up', '--json'))).toMatchObject({ result: 'completed' });
  } finally {
    streams.stop();
    expect(await calls.stop()).toMatchObject({ failed: 0 });
  }
  const checks = await lastChecks();
  for (const name of ['nobody said stop', 'GET /health', 'GET /', 'stream /sse', 'open port', 'log line', 'at each']) {
    expect(checks.some((line) => line.startsWith('CheckPassed') && line.includes(name))).toBe(true);
  }
  const { conditions } = await project().service('web');
  expect(conditions).toContainEqual(expect.objectContaining({ type: 'Verified', status: 'true' }));
});

test('before: a failing check blocks the deploy, and the very same replicas serve on', async () => {
  const replicas = await project().replicas();
  await project().write('blocked', '');
  await write({}, '3');
  const report = await deployFailing();
  expect(report.rollouts[0]).toMatchObject({ phase: 'failed', failure: { code: 'CHECK_FAILED' } });
  expect(report.rollouts[0]?.history.map(({ phase }) => phase)).not.toContain('replacing');
  expect(await project().replicas()).toEqual(replicas);
  const status = await project().do('status');
  expect(status).toMatch(/CheckFailed.*before the deploy, nobody said stop.*exited with 1/);
  await rm(join(project().folder, 'blocked'));
  expect(JSON.parse(await project().do('up', '--json'))).toMatchObject({ result: 'completed' });
});

test('during: a failing check ends the rollout while the old version serves', async () => {
  const replicas = await project().replicas();
  const calls = await load(await project().url(), host, 100);
  // What serves during the replacement is still release 3, and there is no time to ask again once it is 4.
  await write({ during: [{ ...releaseIs('4'), within: '1s', every: '100ms' }] }, '4');
  const report = await deployFailing();
  expect(report.rollouts[0]?.failure?.message).toMatch(/during the deploy, GET \/.*release is "3", wanted "4"/);
  expect(await calls.stop()).toMatchObject({ failed: 0 });
  await project().settled('web');
  expect(await project().replicas()).toEqual(replicas);
});

test('after: a failing check brings the very same old replicas back, once, without losing a request', async () => {
  const replicas = await project().replicas();
  const calls = await load(await project().url(), host, 100);
  await write({ after: [releaseIs('4')] }, '5');
  const report = await deployFailing();
  expect(report.rollouts[0]?.failure).toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringMatching(/after the deploy, GET \/.*release is "5", wanted "4"/),
    fix: expect.stringContaining('brought back'),
  });
  expect(report.rollouts[0]?.history.map(({ phase }) => phase)).toContain('verifying');
  await project().settled('web');
  expect((await ask(await project().url(), host)).body).toContain('"release":"3"');
  expect(await calls.stop()).toMatchObject({ failed: 0 });
  expect(await project().replicas()).toEqual(expect.arrayContaining([...replicas]));
  const rollouts = (await project().events('web')).filter(({ reason }) => reason === 'RolloutStarted');
  expect(rollouts.at(-1)).toMatchObject({ revision: report.rollouts[0]?.to });
});

test('a rollback is not undone by its own failing check: it is reported', async () => {
  await write({ after: [] }, '6');
  await project().do('up');
  // Revision 5 asks for release 4 after its deploy and is release 5.
  const failed = (await project().service('web')).revision ?? 0;
  const outcome = await project().run('rollback', 'web', String(failed - 1));
  expect(outcome).toMatchObject({ exitCode: 0 });
  expect((await ask(await project().url(), host)).body).toContain('"release":"5"');
  const { conditions } = await project().service('web');
  expect(conditions).toContainEqual(expect.objectContaining({ type: 'Verified', status: 'false' }));
});

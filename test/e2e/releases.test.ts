import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Release } from '../../src/model/index.ts';
import type { DeployReport, DiffReport, PlanReport } from '../../src/protocol/index.ts';
import type { Spec } from './manifests.ts';
import { appSpec, manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

const host = 'web.releases.localhost';
const moved = 'new.releases.localhost';
const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

const secretOf = (release: string) => ({ RELEASE: release, API_TOKEN: `token-${release}` });
const web = (release: string, domain = host): Spec =>
  politeSpec(
    domain,
    { numReplicas: 2, overlapSeconds: Number(release) / 10 },
    { variables: secretOf(release), dependsOn: ['api'] },
  );
const api = (release: string): Spec => politeSpec('api.releases.localhost', {}, { variables: secretOf(release) });
const store = politeSpec('store.releases.localhost');

const write = (services: Readonly<Record<string, Spec>>): Promise<void> =>
  project().write('pointsman.yaml', manifestOf('releases', services));

const up = async (): Promise<DeployReport> => JSON.parse(await project().do('up', '--json')) as DeployReport;

const releases = async (): Promise<readonly Release[]> =>
  JSON.parse(await project().do('releases', '--json')) as Release[];

const releaseOf = async (domain: string): Promise<string> =>
  /"release":"(\d+)"/.exec((await ask(await project().url(), domain)).body)?.[1] ?? 'none';

beforeAll(async () => {
  running.project = await Project.create('process', manifestOf('releases', { web: web('1'), api: api('1') }));
  running.project.environment['USER'] = 'ada';
  await running.project.up();
});
afterAll(() => running.project?.remove());

test('a release says who deployed what together, why, and what came of it', async () => {
  await write({ web: web('2', moved), api: api('2'), store });
  await up();
  const [newest, first] = await releases();
  expect(first).toMatchObject({ number: 1, by: 'ada', result: 'completed', services: { web: { revision: 1 } } });
  expect(newest).toMatchObject({ result: 'completed', services: { web: { revision: 2 }, api: { revision: 2 } } });
  expect(newest?.changes.map(({ service, outcome }) => [service, outcome]).sort()).toEqual([
    ['api', 'changed'],
    ['store', 'changed'],
    ['web', 'changed'],
  ]);
  expect(await project().do('releases')).toMatch(/completed.*ada.*apply: first deploy|ada/);
});

test('diff tells two releases and two revisions apart, and shows no secret', async () => {
  const { services } = JSON.parse(await project().do('diff', '--releases', '--json')) as DiffReport;
  const of = (service: string) => services.find((each) => each.service === service)?.differences ?? [];
  expect(of('web')).toContainEqual({ path: 'variables.RELEASE', before: '1', after: '2' });
  expect(of('web')).toContainEqual({ path: 'domains', before: `["${host}"]`, after: `["${moved}"]` });
  expect(of('web')).toContainEqual({ path: 'policy.overlapSeconds', before: '0.1', after: '0.2' });
  expect(of('store').every(({ before }) => before === undefined)).toBe(true);
  const text = await project().do('diff', 'web', '1', '2');
  expect(text).toMatch(/variables\.API_TOKEN: •+ → •+ \(another\)/);
  expect(text).not.toContain('token-');
});

test('a rollback of a release brings all its services back together, domains and rules included, losing nothing', async () => {
  const before = await project().service('store');
  const calls = await load(await project().url(), 'api.releases.localhost', 100);
  const report = JSON.parse(await project().do('rollback', '--release', '1', '--json')) as DeployReport;
  expect(report.rollouts.map(({ service }) => service).sort()).toEqual(['api', 'web']);
  expect(await calls.stop()).toMatchObject({ failed: 0 });
  expect(await releaseOf(host)).toBe('1');
  expect(await releaseOf('api.releases.localhost')).toBe('1');
  expect((await ask(await project().url(), moved)).status).toBe(404);
  expect((await project().service('store')).replicas).toEqual(before.replicas);
  expect(await project().do('diff', 'web', '1', '3')).toBe('no difference between 1 and 3');
});

test('going back can be undone in the same way', async () => {
  await project().do('rollback', '--release', '2');
  expect(await releaseOf(moved)).toBe('2');
  expect((await ask(await project().url(), host)).status).toBe(404);
});

test('a failing service stops its wave; the end says what was changed, kept and not begun', async () => {
  const broken = appSpec('crash-loop.mjs', { healthcheckPath: '/health', restartPolicyType: 'NEVER' });
  const other = politeSpec('store.releases.localhost', {}, { variables: { RELEASE: '3' } });
  await write({ web: web('3', moved), api: { ...api('3'), ...broken }, store: other });
  const outcome = await project().tryUp();
  expect(outcome).toMatchObject({ exitCode: 1 });
  expect(outcome.all).toMatch(/kept as it was: api r\d+ \(r\d+ failed\); not begun: web r\d+/);
  // The watcher may have been quicker than `up`, which then tried the failed ones once more while `store` was under way.
  await project().settled('store');
  const outcomes = (await releases())
    .slice(0, 2)
    .flatMap(({ changes }) => changes.map((each) => `${each.service} ${each.outcome}`));
  expect(outcomes).toEqual(expect.arrayContaining(['store changed', 'api kept', 'web not-begun']));
  expect(await project().reasons()).toContain('ReleaseFailed');
  const [newest] = await releases();
  expect(newest).toMatchObject({ result: 'failed' });
  expect(await releaseOf(moved)).toBe('2');
  const refused = await project().run('rollback', '--release', String(newest?.number));
  expect(refused.all).toContain('RELEASE_UNKNOWN');
  await write({ web: web('2', moved), api: api('2'), store: other });
  await up();
});

test('plan shows what differs and what the last deploys took', async () => {
  const plan = JSON.parse(await project().do('plan', 'web', '--variable', 'RELEASE=9', '--json')) as PlanReport;
  const planned = plan.services.find(({ service }) => service === 'web');
  expect(planned?.differences).toContainEqual({ path: 'variables.RELEASE', before: '2', after: '9' });
  expect(planned?.expected).toMatchObject({ runs: expect.any(Number), gapMs: 0 });
  expect(plan.text).toMatch(/differs: variables\.RELEASE: 2 → 9/);
  expect(plan.text).toMatch(/expected: no gap, \d+\.\d s of replacing/);
});

test('gc keeps what a rollback goes to, and says what it removes', async () => {
  const kept: Spec = { ...web('2', moved), keepRevisions: 1 };
  await write({ web: kept, api: api('2'), store });
  await up();
  await project().do('gc', '--dry-run');
  await project().do('gc');
  const { revision = 0 } = await project().service('web');
  expect(await project().reasons('web')).toContain('RevisionForgotten');
  const listed = JSON.parse(await project().do('revisions', 'web', '--json')) as { number: number; result: string }[];
  expect(listed.map(({ number }) => number)).toContain(revision);
  expect(listed.some(({ number, result }) => number < revision && result === 'retired')).toBe(true);
  await project().do('rollback', 'web');
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event, Release } from '../../src/model/index.ts';
import type { RevisionReport } from '../../src/protocol/index.ts';
import { appSpec, manifestOf, politeSpec } from './manifests.ts';
import type { Spec } from './manifests.ts';
import { Project } from './project.ts';

const host = 'web.reconstruct.localhost';
const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};
const write = (web: Spec): Promise<void> => project().write('pointsman.yaml', manifestOf('reconstruct', { web }));
const web = politeSpec(host, { strategy: 'rolling', numReplicas: 2 }, { verify: { after: [{ tcp: {} }] } });

beforeAll(async () => {
  running.project = await Project.create('process', manifestOf('reconstruct', { web }));
  running.project.environment['USER'] = 'ada';
  await running.project.up();
});
afterAll(() => running.project?.remove());

/** All that is known of one deploy of one service when nothing but its events is left. */
interface Story {
  readonly release: number;
  readonly from: number | undefined;
  readonly to: number;
  readonly why: string;
  readonly image: string | undefined;
  readonly phases: readonly string[];
  readonly started: readonly string[];
  readonly ready: readonly string[];
  /** Who served after each switch, in order. */
  readonly serving: readonly (readonly string[])[];
  readonly signalled: readonly string[];
  readonly removed: readonly string[];
  readonly checks: readonly string[];
  readonly result: string;
  readonly failure: string | undefined;
  readonly tookMs: number;
}

const phaseReasons = ['Building', 'PreDeployPhase', 'Replacing', 'Verifying', 'Retiring'];
const ends = ['RolloutCompleted', 'RolloutFailed', 'RolloutSuperseded'];

const storiesOf = (events: readonly Event[]): readonly Story[] => {
  const beginnings = events.filter(({ reason }) => reason === 'RolloutStarted');
  return beginnings.map((begun, index) => {
    const until = beginnings[index + 1]?.sequence ?? Number.POSITIVE_INFINITY;
    const own = events.filter(({ sequence }) => sequence >= begun.sequence && sequence < until);
    const of = (...reasons: readonly string[]) => own.filter(({ reason }) => reasons.includes(reason));
    const [, from, to, why] = /(?: from revision (\d+))? to revision (\d+): (.*)$/.exec(begun.message) ?? [];
    const [end] = of(...ends);
    const replicas = (reason: string) => of(reason).map(({ replica }) => String(replica));
    return {
      release: Number(/^deploy-(\d+)/.exec(begun.rollout ?? '')?.[1]),
      from: from === undefined ? undefined : Number(from),
      to: Number(to),
      why: why ?? '',
      image: /((?:sha256|snapshot):\w+)/.exec(of('ImageBuilt')[0]?.message ?? '')?.[1],
      phases: of(...phaseReasons).map(({ reason }) => reason),
      started: replicas('ReplicaStarted'),
      ready: replicas('ReplicaReady'),
      serving: of('RoutesSwitched').map(({ message }) => (/serving: (.*)$/.exec(message)?.[1] ?? '').split(', ')),
      signalled: replicas('SignalSent'),
      removed: replicas('ReplicaRemoved'),
      checks: of('CheckPassed', 'CheckFailed').map(({ reason, message }) => `${reason}: ${message}`),
      result: (end?.reason ?? 'none').replace('Rollout', '').toLowerCase(),
      failure: end?.reason === 'RolloutFailed' ? end.message : undefined,
      tookMs: (end?.at ?? 0) - begun.at,
    };
  });
};

test('good, failed and taken-back deploys can be told from the events alone', async () => {
  await project().do('deploy', 'web', '--variable', 'RELEASE=2');
  const broken = appSpec('crash-loop.mjs', {
    strategy: 'rolling',
    numReplicas: 2,
    healthcheckPath: '/health',
    restartPolicyType: 'NEVER',
  });
  await write({ ...web, ...broken });
  expect(await project().tryUp()).toMatchObject({ exitCode: 1 });
  await project().do('rollback', 'web', '1');

  const stories = storiesOf(await project().events('web'));
  const revisions = JSON.parse(await project().do('revisions', 'web', '--json')) as RevisionReport[];
  const releases = JSON.parse(await project().do('releases', '--json')) as Release[];
  const { replicas } = await project().service('web');

  expect(stories.map(({ to }) => to)).toEqual(revisions.map(({ number }) => number).toReversed());
  for (const story of stories) {
    const change = releases.find(({ number }) => number === story.release)?.changes[0];
    expect(change).toMatchObject({ to: story.to, outcome: story.result === 'completed' ? 'changed' : 'kept' });
    expect(change?.from).toBe(story.from);
    expect(story.tookMs).toBeGreaterThan(0);
    const image = revisions.find(({ number }) => number === story.to)?.image;
    if (story.image !== undefined) expect(story.image).toBe(image);
  }
  const [first, second, ...later] = stories;
  const back = later.at(-1);
  expect(first).toMatchObject({
    from: undefined,
    result: 'completed',
    started: expect.arrayContaining([expect.any(String)]),
  });
  expect(second).toMatchObject({ result: 'completed', phases: expect.arrayContaining(phaseReasons) });
  expect(second?.why).toMatch(/by ada$/);
  expect(second?.ready.toSorted()).toEqual(second?.serving.at(-1)?.toSorted());
  expect(second?.signalled.toSorted()).toEqual(first?.serving.at(-1)?.toSorted());
  expect(second?.removed.toSorted()).toEqual(second?.signalled.toSorted());
  expect(second?.checks.join()).toMatch(/CheckPassed: after the deploy, open port/);
  expect(second?.serving.every((members) => members.length >= 2)).toBe(true);
  expect(later[0]).toMatchObject({ result: 'failed', serving: [], failure: expect.stringContaining('left-behind') });
  expect(back).toMatchObject({ result: 'completed', why: expect.stringContaining('rollback to revision 1') });
  expect(back?.serving.at(-1)?.toSorted()).toEqual(
    replicas
      .filter(({ routed }) => routed)
      .map(({ id }) => id)
      .toSorted(),
  );
});

test('who let a canary go on, held it and gave it up, at which share, can be told from the events alone', async () => {
  const said = async (by: string, ...args: string[]): Promise<void> => {
    project().environment['USER'] = by;
    await project().run(...args);
  };
  const steps = [
    { percent: 20, pause: 'promote' },
    { percent: 50, pause: 'promote' },
  ];
  const matches = [{ header: 'x-beta', value: '1' }, { cookie: 'beta' }];
  const before = (await project().events('web')).at(-1)?.sequence ?? 0;
  await write(politeSpec(host, { strategy: 'canary', numReplicas: 2, canary: { steps, matches } }));
  await project().do('up');
  await said('ada', 'deploy', 'web', '--variable', 'RELEASE=canary');
  await said('bob', 'promote', 'web');
  await said('cleo', 'pause', 'web');
  await said('ada', 'resume', 'web');
  await said('dan', 'abort', 'web');
  await project().settled('web');
  const told = (await project().events('web')).filter(({ sequence }) => sequence > before);
  const story = told.map(({ reason, message }) => `${reason}: ${message}`);
  const order = [
    /^RolloutStarted: web from revision \d+ to revision \d+: deployed by hand, by ada$/,
    /^CanaryStarted: /,
    /^RoutesSwitched: .*20 % of the requests to revision \d+/,
    /^CanaryStep: step 1: 20 % of the requests, and those with header x-beta: 1 or cookie beta, go to revision \d+$/,
    /^WaitsForPromotion: web: step 1 of 2: .*`pointsman promote web` or `pointsman abort web`$/,
    /^Promoted: promoted while canary, by bob$/,
    /^CanaryStep: step 2: 50 % of the requests, and those with header x-beta: 1 or cookie beta, go to revision \d+$/,
    /^Paused: paused while canary, by cleo$/,
    /^Resumed: resumed while canary, by ada$/,
    /^Aborted: aborted while canary, by dan$/,
    /^RolloutFailed: web revision \d+ was aborted while canary/,
    /^RoutesSwitched: /,
    /^SignalSent: SIGTERM to /,
    /^ReplicaRemoved: /,
  ];
  let from = 0;
  for (const next of order) {
    const found = story.findIndex((line, index) => index >= from && next.test(line));
    expect(found, `${next} after ${from} in\n${story.join('\n')}`).toBeGreaterThanOrEqual(from);
    from = found + 1;
  }
});

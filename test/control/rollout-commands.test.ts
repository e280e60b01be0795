import { expect, test } from 'vitest';
import type { DeployReport } from '../../src/protocol/index.ts';
import { politeService, project, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const asked = (): AbortSignal => AbortSignal.timeout(60_000);
const release = (number: number): readonly string[] => [`variables: { RELEASE: "${number}" }`];

const codeOf = (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => 'fine',
    (error: { code?: string }) => error.code,
  );

/** The first report of the deploy in which the service is there. */
const until = async (rig: Rig, deployId: string, isThere: (report: DeployReport) => boolean): Promise<DeployReport> => {
  for await (const report of rig.control.followDeploy(deployId, asked())) if (isThere(report)) return report;
  throw new Error('it never came');
};

test('nothing can be said to a service that nothing happens to', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  expect(await codeOf(rig.control.promote({ service: 'wep' }))).toBe('SERVICE_UNKNOWN');
  for (const say of ['promote', 'abort', 'pause', 'resume'] as const) {
    expect(await codeOf(rig.control[say]({ service: 'web' }))).toBe('ROLLOUT_NOT_WAITING');
  }
});

test('promote said twice takes it one step further, and is not asked for again once it was said', async () => {
  const deploy = [
    'strategy: canary',
    'canary: { steps: [{ percent: 1, pause: promote }, { percent: 2, pause: promote }] }',
  ];
  const rig = await startRig(project + politeService('web', release(1), deploy));
  await rig.up();
  rig.write('pointsman.yaml', project + politeService('web', release(2), deploy));
  const { deployId } = await rig.control.apply({}, asked());
  const waits = ({ rollouts: [rollout] }: DeployReport): boolean => rollout?.waitsFor === 'promotion';
  await until(rig, deployId, waits);
  const said = await rig.control.promote({ service: 'web', by: 'ada' });
  expect(await rig.event('Promoted')).toMatchObject({ service: 'web', message: 'promoted while canary, by ada' });
  await rig.control.promote({ service: 'web' });
  expect(said.rollouts[0]?.waitsFor).toBeUndefined();
  const report = await until(rig, deployId, waits);
  expect(report.rollouts[0]).toMatchObject({ canary: { step: 1, percent: 2 } });
  expect((await rig.service('web')).previews).toEqual([expect.stringContaining('http://preview.web.localhost:')]);
  await rig.control.promote({ service: 'web', full: true });
  expect((await until(rig, deployId, ({ finished }) => finished)).result).toBe('completed');
});

test('rollback without a number takes back a version that has not taken over, and the very replica that serves stays', async () => {
  const rig = await startRig(project + politeService('web', release(1)));
  await rig.up();
  rig.write('pointsman.yaml', project + politeService('web', release(2)));
  await rig.up();
  const before = await rig.get('web.localhost');
  expect(before.body).toContain('"release":"2"');
  rig.write('pointsman.yaml', project + politeService('web', release(3), ['promotion: manual']));
  const { deployId } = await rig.control.apply({}, asked());
  await until(rig, deployId, ({ rollouts: [rollout] }) => rollout?.waitsFor === 'promotion');
  expect(await rig.control.rollback({ service: 'web' }, asked())).toMatchObject({ deployId });
  const report = await until(rig, deployId, ({ finished }) => finished);
  expect(report.rollouts[0]?.failure).toMatchObject({ code: 'ROLLOUT_ABORTED' });
  expect(await rig.get('web.localhost')).toEqual(before);
  expect(rig.control.revisions('web').map(({ number, result }) => [number, result])).toEqual([
    [3, 'failed'],
    [2, 'active'],
    [1, 'retired'],
  ]);
});

test('a paused rollout is shown as such, refuses promote, and goes on with resume', async () => {
  const deploy = ['promotion: manual'];
  const rig = await startRig(project + politeService('web', release(1), deploy));
  await rig.up();
  rig.write('pointsman.yaml', project + politeService('web', release(2), deploy));
  const { deployId } = await rig.control.apply({}, asked());
  await until(rig, deployId, ({ rollouts: [rollout] }) => rollout?.waitsFor === 'promotion');
  await rig.control.pause({ service: 'web' });
  await until(rig, deployId, ({ rollouts: [rollout] }) => rollout?.waitsFor === 'resume');
  expect(await codeOf(rig.control.promote({ service: 'web' }))).toBe('ROLLOUT_NOT_WAITING');
  await rig.control.resume({ service: 'web' });
  await rig.control.promote({ service: 'web' });
  expect((await until(rig, deployId, ({ finished }) => finished)).result).toBe('completed');
});

test('a deploy that is taken back half-way is over when the old version has all its places again', async () => {
  const of = (number: number): string =>
    politeService(
      'web',
      [`variables: { RELEASE: "${number}", BOOT_MS: "2000" }`],
      ['strategy: rolling', 'numReplicas: 2'],
    );
  const rig = await startRig(project + of(1));
  await rig.up();
  rig.write('pointsman.yaml', project + of(2));
  const { deployId } = await rig.control.apply({}, asked());
  const isHalfWay = async (): Promise<boolean> => {
    const { replicas } = await rig.service('web');
    return replicas.filter(({ revision }) => revision === 1).length === 1;
  };
  for await (const _ of rig.control.events({ follow: true }, asked())) if (await isHalfWay()) break;
  await rig.control.abort({ service: 'web' });
  const report = await until(rig, deployId, ({ finished }) => finished);
  expect(report).toMatchObject({ result: 'failed', rollouts: [{ failure: { code: 'ROLLOUT_ABORTED' } }] });
  const { replicas } = await rig.service('web');
  expect(replicas.filter(({ routed }) => routed).map(({ revision }) => revision)).toEqual([1, 1]);
});

test('a deploy that fails goes back to the version that had taken over, though the one before it was still leaving', async () => {
  const rig = await startRig(project + politeService('web', release(1)));
  await rig.up();
  // A slow call keeps the old replica busy: its rollout stays in `retiring`.
  const slow = rig.get('web.localhost', '/slow?ms=4000');
  rig.write('pointsman.yaml', project + politeService('web', release(2)));
  const second = await rig.control.apply({}, asked());
  await until(rig, second.deployId, ({ rollouts: [rollout] }) => rollout?.phase === 'retiring');
  const broken = politeService('web', release(3))
    .replace('node polite.mjs', 'node crash-loop.mjs')
    .replace('drainingSeconds: 5', 'restartPolicyType: NEVER');
  rig.write('pointsman.yaml', project + broken);
  expect((await rig.up()).result).toBe('failed');
  expect(await rig.finished(second)).toMatchObject({ result: 'completed' });
  expect(rig.control.revisions('web').map(({ number, result }) => [number, result])).toEqual([
    [3, 'failed'],
    [2, 'active'],
    [1, 'retired'],
  ]);
  expect(JSON.parse((await rig.get('web.localhost')).body)).toMatchObject({ release: '2' });
  expect((await slow).status).toBe(200);
});

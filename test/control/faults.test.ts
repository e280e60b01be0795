import { expect, test } from 'vitest';
import { politeService, project, serviceManifest, startRig } from './rig.ts';

const asked = (): AbortSignal => AbortSignal.timeout(60_000);

test('a replica that dies is replaced in its slot, and its end is told with its last lines', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  const { pid } = JSON.parse((await rig.get('web.localhost')).body) as { pid: number };
  process.kill(pid, 'SIGKILL');
  const crash = await rig.event('ReplicaCrashed');
  expect(crash.message).toContain('SIGKILL');
  expect(crash.message).toContain('listening on');
  const back = await rig.event('ReplicaReady', 'web');
  expect(back.replica).toMatch(/-r1-0-1$/);
  for await (const event of rig.control.events({ follow: true, after: crash.sequence }, asked())) {
    if (event.reason === 'RoutesSwitched' && event.message.includes('ready to serve')) break;
  }
  const { replicas } = await rig.service('web');
  expect(replicas.filter(({ phase }) => phase === 'ready').map(({ attempt, slot }) => [slot, attempt])).toEqual([
    [0, 2],
  ]);
  expect(await rig.get('web.localhost')).toMatchObject({ status: 200 });
});

test('the end of a replica is told once, however many ask for the status meanwhile', async () => {
  const rig = await startRig(project + politeService('web', [], ['restartPolicyType: NEVER']));
  await rig.up();
  const { pid } = JSON.parse((await rig.get('web.localhost')).body) as { pid: number };
  const over = new AbortController();
  const asking = Array.from({ length: 8 }, async () => {
    while (!over.signal.aborted) await rig.control.status();
  });
  process.kill(pid, 'SIGKILL');
  await rig.event('ReplicaCrashed');
  over.abort();
  await Promise.all(asking);
  expect((await rig.eventsSoFar()).filter(({ reason }) => reason === 'ReplicaCrashed')).toHaveLength(1);
});

test('a first version that keeps ending is restarted with growing pauses, then given up with its message', async () => {
  const rig = await startRig(
    project +
      serviceManifest('job', [
        'source: app',
        'deploy: { startCommand: node crash-loop.mjs, restartPolicyType: ON_FAILURE, restartPolicyMaxRetries: 2 }',
      ]),
  );
  const report = await rig.up();
  expect(report.result).toBe('failed');
  expect(report.rollouts[0]?.failure?.message).toContain('gave up after 2 restarts');
  const crashes = (await rig.eventsSoFar()).filter(({ reason }) => reason === 'ReplicaCrashed');
  expect(crashes).toHaveLength(3);
});

test('a build that fails and a pre-deploy command that fails change nothing that runs, and show their output', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  rig.write(
    'pointsman.yaml',
    project + politeService('web', ['build: { buildCommand: "echo no wheel for psutil; exit 7" }']),
  );
  const build = await rig.up();
  expect(build.rollouts[0]?.failure).toMatchObject({ code: 'BUILD_FAILED' });
  expect(build.rollouts[0]?.failure?.output?.join('\n')).toContain('no wheel for psutil');
  const migration = 'preDeployCommand: node -e "console.log(6*7+\'th migration failed\');process.exit(5)"';
  rig.write('pointsman.yaml', project + politeService('web', [], [migration]));
  const preDeploy = await rig.up();
  expect(preDeploy.rollouts[0]?.failure).toMatchObject({ code: 'PRE_DEPLOY_FAILED' });
  expect(preDeploy.rollouts[0]?.failure?.output).toContain('42th migration failed');
  expect(await rig.get('web.localhost')).toMatchObject({ status: 200 });
  expect(await rig.service('web')).toMatchObject({ revision: 1, ready: 1 });
});

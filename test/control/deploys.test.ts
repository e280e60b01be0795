import { expect, test } from 'vitest';
import { politeService, project, serviceManifest, startRig } from './rig.ts';

test('the first up builds, starts, gates and routes; a second one finds nothing to do', async () => {
  const rig = await startRig(project + politeService('web'));
  const report = await rig.up();
  expect(report.result).toBe('completed');
  expect(await rig.get('web.localhost')).toMatchObject({ status: 200 });
  expect(await rig.service('web')).toMatchObject({ ready: 1, wanted: 1, revision: 1 });
  const again = await rig.control.apply({}, AbortSignal.timeout(60_000));
  expect(again.rollouts).toEqual([]);
});

test('a blue-green deploy under load loses no request, and both versions answered', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { RELEASE: "1" }'], ['strategy: blue-green']));
  await rig.up();
  const load = await rig.load('web.localhost');
  const report = await rig.deploy(['web'], { RELEASE: '2' });
  const seen = await load.stop();
  expect(report.result).toBe('completed');
  expect(seen.failures).toEqual([]);
  expect(seen.releases).toEqual(['1', '2']);
  expect(await rig.service('web')).toMatchObject({ ready: 1, revision: 2 });
});

test('a version that never gets ready fails with its own output while the old one serves on', async () => {
  const broken = serviceManifest('web', [
    'source: app',
    'domains: [web.localhost]',
    'deploy: { startCommand: node crash-loop.mjs, healthcheckPath: /health, restartPolicyType: NEVER }',
  ]);
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  const load = await rig.load('web.localhost');
  rig.write('pointsman.yaml', project + broken);
  const report = await rig.up();
  const seen = await load.stop();
  expect(report.result).toBe('failed');
  expect(report.rollouts[0]?.failure?.message).toContain('exited with code 3');
  expect(report.rollouts[0]?.failure?.output?.length).toBeGreaterThan(0);
  expect(seen.failures).toEqual([]);
  expect(await rig.service('web')).toMatchObject({ ready: 1, revision: 1 });
});

test('a manifest that says again what serves replaces nothing after a failed deploy', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  const good = rig.read('pointsman.yaml');
  const [replica] = (await rig.service('web')).replicas;
  rig.write('pointsman.yaml', good.replace('node polite.mjs', 'node exits-zero.mjs'));
  expect((await rig.up()).result).toBe('failed');
  expect((await rig.service('web')).rollout).toMatchObject({ phase: 'failed' });
  rig.write('pointsman.yaml', good);
  const plan = await rig.control.plan({ services: [], variables: {} }, AbortSignal.timeout(60_000));
  expect(plan.services).toMatchObject([{ service: 'web', change: 'none' }]);
  const told = await rig.event('NothingToReplace', 'web');
  expect(told.message).toContain('what revision 1 is');
  const { rollouts } = await rig.control.apply({}, AbortSignal.timeout(60_000));
  expect(rollouts).toEqual([]);
  const web = await rig.service('web');
  expect(web).toMatchObject({ ready: 1, revision: 1, rollout: undefined, replicas: [{ id: replica?.id }] });
  expect(web.conditions.filter(({ reason }) => /Fail/.test(reason))).toEqual([]);
  // Rules change in place, and are no difference between what runs and what is wanted.
  rig.write('pointsman.yaml', good.replace('drainingSeconds: 5', 'drainingSeconds: 6'));
  await rig.control.apply({}, AbortSignal.timeout(60_000));
  const after = await rig.control.plan({ services: [], variables: {} }, AbortSignal.timeout(60_000));
  expect(after.services).toMatchObject([{ change: 'none', apart: [] }]);
  // Asked for by name it is replaced all the same.
  expect((await rig.deploy(['web'])).rollouts).toMatchObject([{ phase: 'completed', from: 1, to: 3 }]);
});

test('a manifest changed and changed back while its version starts aborts that, and makes no other', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { BOOT_MS: "0" }']));
  await rig.up();
  const good = rig.read('pointsman.yaml');
  const [replica] = (await rig.service('web')).replicas;
  rig.write('pointsman.yaml', good.replace('BOOT_MS: "0"', 'BOOT_MS: "60000"'));
  const slow = await rig.control.apply({}, AbortSignal.timeout(60_000));
  await rig.event('ReplicaStarted', 'web');
  await rig.event('Replacing', 'web');
  const meanwhile = await rig.control.plan({ services: [], variables: {} }, AbortSignal.timeout(60_000));
  expect(meanwhile.services).toMatchObject([
    { change: 'none', apart: ['web revision 2, which its manifest asks for, is replacing'] },
  ]);
  rig.write('pointsman.yaml', good);
  const plan = await rig.control.plan({ services: [], variables: {} }, AbortSignal.timeout(60_000));
  // On a busy machine the watcher was quicker than the plan, which then has nothing to say any more.
  const isAborted = (await rig.eventsSoFar()).some(({ reason }) => reason === 'Aborted');
  const apart = [expect.stringContaining('revision 1'), 'the deploy of web revision 2 is aborted'];
  expect(plan.services).toMatchObject([{ change: 'none', ...(!isAborted && { apart }) }]);
  const again = await rig.control.apply({}, AbortSignal.timeout(60_000));
  expect(again.rollouts).toEqual([]);
  const report = await rig.finished(slow);
  expect(report.rollouts).toMatchObject([{ phase: 'failed', failure: { code: 'ROLLOUT_ABORTED' } }]);
  expect((await rig.event('Aborted', 'web')).message).toMatch(/^aborted while \w+, by the manifest$/);
  const web = await rig.service('web');
  expect(web).toMatchObject({ ready: 1, revision: 1, rollout: undefined });
  expect(web.replicas.filter(({ revision }) => revision === 1)).toMatchObject([{ id: replica?.id }]);
  expect(rig.control.revisions('web').map(({ number }) => number)).toEqual([2, 1]);
});

test('a manifest changed back while its version bakes leads back to the replica that stood by', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { RELEASE: "1" }'], ['bakeSeconds: 600']));
  await rig.up();
  const good = rig.read('pointsman.yaml');
  const [replica] = (await rig.service('web')).replicas;
  rig.write('pointsman.yaml', good.replace('RELEASE: "1"', 'RELEASE: "2"'));
  const baking = await rig.control.apply({}, AbortSignal.timeout(60_000));
  await rig.event('Baking', 'web');
  const load = await rig.load('web.localhost');
  rig.write('pointsman.yaml', good);
  await rig.control.apply({}, AbortSignal.timeout(60_000));
  expect((await rig.finished(baking)).progress).toEqual({});
  expect((await rig.get('web.localhost')).body).toContain('"1"');
  const seen = await load.stop();
  expect(seen.failures).toEqual([]);
  expect((await rig.service('web')).replicas.filter(({ revision }) => revision === 1)).toMatchObject([
    { id: replica?.id },
  ]);
  expect(rig.control.revisions('web').map(({ number }) => number)).toEqual([2, 1]);
});

test('a deploy that ends the bake of the one before tells its end at once, and its release is what ran then', async () => {
  const rig = await startRig(
    project + politeService('web', ['variables: { RELEASE: "1" }'], ['bakeSeconds: 600']) + politeService('api'),
  );
  await rig.up();
  await rig.control.deploy({ services: ['web'], variables: { RELEASE: '2' } }, AbortSignal.timeout(60_000));
  await rig.event('Baking', 'web');
  await rig.control.deploy({ services: ['web', 'api'], variables: { RELEASE: '3' } }, AbortSignal.timeout(60_000));
  const told = (await rig.eventsSoFar()).map(({ reason, message }) => `${reason} ${message}`);
  expect(told).toContain('RolloutCompleted web revision 2: completed; it was baking when a newer one began');
  expect(told.some((line) => line.startsWith('ReleaseCompleted release 2'))).toBe(true);
  const release = rig.control.releases().find(({ number }) => number === 2);
  expect(release?.services).toMatchObject({ web: { revision: 2 }, api: { revision: 1 } });
});

test('of two services changed together, the one whose manifest is taken back stays, and the other goes on without it', async () => {
  const first = project + politeService('web', ['dependsOn: [api]']) + politeService('api');
  const rig = await startRig(first);
  await rig.up();
  const second =
    project +
    politeService('web', ['dependsOn: [api]', 'variables: { RELEASE: "2" }']) +
    politeService('api', ['variables: { BOOT_MS: "60000" }']);
  rig.write('pointsman.yaml', second);
  const both = await rig.control.apply({}, AbortSignal.timeout(60_000));
  expect(both.rollouts.map(({ service }) => service).sort()).toEqual(['api', 'web']);
  rig.write('pointsman.yaml', second.replace('  variables: { BOOT_MS: "60000" }\n', ''));
  await rig.control.apply({}, AbortSignal.timeout(60_000));
  const report = await rig.finished(both);
  expect(Object.fromEntries(report.rollouts.map(({ service, phase }) => [service, phase]))).toEqual({
    api: 'failed',
    web: 'completed',
  });
  expect(await rig.service('api')).toMatchObject({ ready: 1, revision: 1, rollout: undefined });
  expect((await rig.get('web.localhost')).body).toContain('"2"');
});

test('a singleton edited to three replicas of something else never runs more than once as what it was', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { RELEASE: "1" }'], ['strategy: singleton']));
  await rig.up();
  const failing = ['strategy: rolling', 'numReplicas: 3', 'restartPolicyType: NEVER'];
  const release2 = politeService('web', ['variables: { RELEASE: "2" }'], failing);
  rig.write('pointsman.yaml', project + release2.replace('node polite.mjs', 'node exits-zero.mjs'));
  expect((await rig.up()).result).toBe('failed');
  expect(await rig.service('web')).toMatchObject({ ready: 1, wanted: 1, revision: 1 });
  rig.write('pointsman.yaml', project + release2);
  expect((await rig.up()).result).toBe('completed');
  expect(await rig.service('web')).toMatchObject({ ready: 3, wanted: 3, revision: 3 });
  const started = (await rig.eventsSoFar()).filter(
    ({ reason, revision }) => reason === 'ReplicaStarted' && revision === 1,
  );
  expect(started).toHaveLength(1);
  // Said of what runs, a number is meant for that.
  await rig.control.scale({ service: 'web', replicas: 2 });
  await expect.poll(async () => (await rig.service('web')).ready, { timeout: 60_000 }).toBe(2);
});

test('services are deployed after those they depend on, and not at all when one of them fails', async () => {
  const rig = await startRig(
    project +
      politeService('web', ['dependsOn: [api]']) +
      politeService('api', ['dependsOn: [store]']) +
      politeService('store'),
  );
  const report = await rig.up();
  expect(report.result).toBe('completed');
  const routed = (await rig.eventsSoFar()).filter(({ reason }) => reason === 'RoutesSwitched');
  expect(routed.map(({ service }) => service)).toEqual(['store', 'api', 'web']);

  rig.write(
    'pointsman.yaml',
    rig.read('pointsman.yaml').replace(/(name: store \}[\s\S]*?)node polite.mjs/, '$1node exits-zero.mjs'),
  );
  const failing = await rig.deploy(['store', 'api', 'web']);
  expect(Object.fromEntries(failing.rollouts.map(({ service, phase }) => [service, phase]))).toEqual({
    store: 'failed',
    api: 'failed',
    web: 'failed',
  });
  expect(failing.rollouts.find(({ service }) => service === 'web')?.failure?.message).toContain('was not begun');
  expect(await rig.get('web.localhost')).toMatchObject({ status: 200 });
});

test('a rollback brings back image and variables of a kept revision without a build', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { RELEASE: "1" }']));
  await rig.up();
  await rig.deploy(['web'], { RELEASE: '2' });
  expect((await rig.get('web.localhost')).body).toContain('"2"');
  const report = await rig.finished(await rig.control.rollback({ service: 'web' }, AbortSignal.timeout(60_000)));
  expect(report.result).toBe('completed');
  expect((await rig.get('web.localhost')).body).toContain('"1"');
  const plan = await rig.control.plan({ services: [], variables: {} }, AbortSignal.timeout(5000));
  expect(plan.services).toMatchObject([
    { change: 'none', apart: [expect.stringMatching(/^web was rolled back.*variables\.RELEASE: 1 → 2/)] },
  ]);
  const revisions = rig.control.revisions('web');
  expect(revisions.map(({ number, result, cause }) => [number, result, cause])).toEqual([
    [3, 'active', 'rollback to revision 1'],
    [2, 'retired', 'deploy by hand'],
    [1, 'retired', 'apply: first deploy'],
  ]);
  expect(revisions[0]?.image).toBe(revisions[2]?.image);
});

test('a newer deploy supersedes one under way, and capacity never falls', async () => {
  const rig = await startRig(project + politeService('web', ['variables: { RELEASE: "1", BOOT_MS: "0" }']));
  await rig.up();
  const load = await rig.load('web.localhost');
  const slow = await rig.control.deploy(
    { services: ['web'], variables: { RELEASE: '2', BOOT_MS: '20000' } },
    AbortSignal.timeout(60_000),
  );
  await rig.event('Replacing');
  const quick = await rig.deploy(['web'], { RELEASE: '3', BOOT_MS: '0' });
  const seen = await load.stop();
  expect(quick.result).toBe('completed');
  expect(rig.control.deployReport(slow.deployId).rollouts[0]?.phase).toBe('superseded');
  expect(seen.failures).toEqual([]);
  expect(seen.releases).toEqual(['1', '3']);
});

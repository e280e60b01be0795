import { expect, test } from 'vitest';
import { createSnapshotBuilder } from '../../src/build/snapshot/index.ts';
import { createBuilder } from '../../src/build/index.ts';
import { createProcessEngine } from '../../src/engine/process/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { Machinery } from './rig.ts';
import { patience, politeService, project, startRig } from './rig.ts';

/** The real engine, where a start can be held up between its being asked for and its being done. */
const slowEngine = () => {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const engines: Engine[] = [];
  const machinery: Machinery = (scope, stateFolder) => {
    const engine = createProcessEngine({ scope, stateFolder });
    engines.push(engine);
    const start: Engine['start'] = async (replica, signal) => {
      asked.resolve();
      await released.promise;
      return engine.start(replica, signal);
    };
    return {
      engine: { ...engine, start },
      builder: createBuilder({ snapshot: createSnapshotBuilder({ stateFolder }) }),
    };
  };
  return { machinery, asked: asked.promise, release: released.resolve, engines };
};

test('down takes along what was just being started', async () => {
  const slow = slowEngine();
  const rig = await startRig(project + politeService('web'), slow.machinery);
  await rig.control.apply({}, patience);
  await slow.asked;
  const down = rig.control.down({ volumes: true }, patience);
  const { proxy } = await rig.control.status();
  slow.release();
  await down;
  expect(proxy).toBeDefined();
  const left = await Promise.all(slow.engines.map((engine) => engine.observe(undefined, patience)));
  expect(left.flat()).toEqual([]);
});

test('a service that gets another name keeps its domain without a break, and the table is never refused', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  const load = await rig.load('web.localhost');
  rig.write('pointsman.yaml', rig.read('pointsman.yaml').replace('name: web', 'name: site'));
  await rig.event('ServiceRemoved', 'web');
  await rig.event('ReplicaRemoved', 'web');
  await rig.up();
  const { failures } = await load.stop();
  expect(failures).toEqual([]);
  const refused = (await rig.eventsSoFar()).filter(({ reason }) => reason === 'OperationFailed');
  expect(refused.map(({ message }) => message)).toEqual([]);
  expect(await rig.get('web.localhost')).toMatchObject({ status: 200 });
});

test('a release brings back a service that left the manifests, with the domain that another has by now, and it stays', async () => {
  const rig = await startRig(project + politeService('web'));
  await rig.up();
  rig.write('pointsman.yaml', rig.read('pointsman.yaml').replace('name: web', 'name: site'));
  await rig.up();
  const removal = { service: 'web', from: 1, outcome: 'removed' };
  expect(rig.control.releases().flatMap(({ changes }) => changes)).toContainEqual(removal);
  const back = await rig.finished(await rig.control.rollback({ release: 1 }, patience));
  expect(back.rollouts).toMatchObject([{ service: 'web', phase: 'completed' }]);
  expect(await rig.get('web.localhost')).toMatchObject({ status: 200 });
  // Both claim it; it is shown where it leads to, and the other says who has it.
  const [web, site] = await Promise.all([rig.service('web'), rig.service('site')]);
  expect({ web: web.urls.length, site: site.urls.length }).toEqual({ web: 1, site: 0 });
  expect(site.conditions.find(({ type }) => type === 'Reachable')).toMatchObject({
    status: 'false',
    reason: 'DomainClaimed',
    message: expect.stringContaining('web.localhost leads to web, which claims it too'),
  });
  expect(web.conditions.map(({ type }) => type)).not.toContain('Reachable');
  // A saved file takes it as little away as the one that was saved before the rollback; `up` does.
  rig.write('app/polite.mjs', `${rig.read('app/polite.mjs')}\n// changed\n`);
  const after = (await rig.eventsSoFar()).at(-1)?.sequence ?? 0;
  for await (const { reason, service } of rig.control.events({ follow: true, after }, patience)) {
    if (reason === 'RolloutCompleted' && service === 'site') break;
  }
  expect((await rig.service('web')).ready).toBe(1);
  const told = (await rig.eventsSoFar()).map(({ reason }) => reason);
  expect(told).not.toContain('OperationFailed');
  await rig.up();
  expect((await rig.control.status()).services.filter(({ wanted }) => wanted > 0).map(({ name }) => name)).toEqual([
    'site',
  ]);
  const [newest, before] = rig.control.releases();
  expect(newest).toMatchObject({ result: 'completed', changes: [{ service: 'web', outcome: 'removed' }] });
  expect(Object.keys(newest?.services ?? {})).toEqual(['site']);
  expect(Object.keys(before?.services ?? {}).sort()).toEqual(['site', 'web']);
  const { services } = rig.control.diff({});
  expect(services).toMatchObject([{ service: 'web', from: expect.any(Number) }]);
  expect(services[0]).not.toHaveProperty('to');
  const closed = (await rig.eventsSoFar()).findLast(({ reason }) => reason === 'ReleaseCompleted');
  expect(closed?.message).toMatch(/^release \d+ .*: removed: web r\d+$/);
});

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

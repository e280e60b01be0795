import { expect, test, vi } from 'vitest';
import { createSnapshotBuilder } from '../../src/build/snapshot/index.ts';
import { createBuilder } from '../../src/build/index.ts';
import { createProcessEngine } from '../../src/engine/process/index.ts';
import type { Machinery } from './rig.ts';
import { politeService, project, startRig } from './rig.ts';

const hour = 3_600_000;

/** An engine whose own clock is an hour behind ours, as after somebody set the machine's clock back. */
const anHourBehind: Machinery = (scope, stateFolder) => {
  const engine = createProcessEngine({ scope, stateFolder });
  const observe: typeof engine.observe = async (service, signal) =>
    (await engine.observe(service, signal)).map((replica) => ({ ...replica, startedAt: replica.startedAt - hour }));
  return {
    engine: { ...engine, observe },
    builder: createBuilder({ snapshot: createSnapshotBuilder({ stateFolder }) }),
  };
};

test('a replica that was started again is not taken for an hour old because its engine keeps another time', async () => {
  const rig = await startRig(project + politeService('web'), anHourBehind);
  await rig.up();
  const [before] = (await rig.service('web')).replicas;
  const crashedAt = Date.now();
  const { body } = await rig.get('web.localhost');
  process.kill((JSON.parse(body) as { pid: number }).pid, 'SIGKILL');
  const restarted = await vi.waitFor(
    async () => {
      const { replicas } = await rig.service('web');
      expect(replicas).toMatchObject([{ attempt: (before?.attempt ?? 0) + 1, phase: 'ready' }]);
      return replicas[0]?.startedAt;
    },
    { timeout: 60_000, interval: 50 },
  );
  expect(restarted).toBeGreaterThanOrEqual(crashedAt);
});

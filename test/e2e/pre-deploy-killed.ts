import { expect, test, vi } from 'vitest';
import { expectBooksInOrder } from './books.ts';
import { ourRuns } from './left-overs.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import type { EngineName } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

const host = 'web.pre-deploy.localhost';
const migration = `node -e "console.log('migrating'); setTimeout(() => console.log('migrated'), 1500)"`;

/** Nobody knows whether a migration that was cut off had its effect: it runs again, alone, before any new replica. */
export const preDeployKilledSuite = (engine: EngineName): void => {
  test(`kill -9 while the pre-deploy command runs on ${engine}: it is ended and runs again, then the deploy goes on`, async () => {
    const spec = (release: string, preDeployCommand?: string) =>
      politeSpec(host, { ...(preDeployCommand && { preDeployCommand }) }, { variables: { RELEASE: release } });
    const manifest = (...of: Parameters<typeof spec>): string => manifestOf(`migrated-${engine}`, { web: spec(...of) });
    const project = await Project.create(engine, manifest('1'));
    try {
      await project.up();
      const url = await project.url();
      const calls = await load(url, host, 100);
      try {
        const { pid } = (await project.status()).supervisor;
        await project.write('pointsman.yaml', manifest('2', migration));
        await vi.waitFor(async () => expect(await ourRuns(project)).toHaveLength(1), { timeout: 60_000, interval: 50 });
        const [first] = await ourRuns(project);
        process.kill(pid, 'SIGKILL');
        await project.up();
        const service = await project.settled('web');
        expect((await ask(url, host)).body).toContain('"release":"2"');
        expect(await ourRuns(project)).not.toContain(first);
        await expectBooksInOrder(project, [service]);
        const told = (await project.events('web')).filter(({ revision }) => revision === 2).map(({ reason }) => reason);
        expect(told.indexOf('PreDeployDone')).toBeLessThan(told.indexOf('ReplicaStarted'));
        expect(told).not.toContain('PreDeployFailed');
      } finally {
        expect(await calls.stop()).toMatchObject({ failed: 0, failures: {} });
      }
    } finally {
      await project.remove();
    }
  });
};

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { canMount, coverReadOnly, smallDisk, unmount } from '../mounts.ts';
import { bothStrategies, disturbedDeploy, expectOrder, strategies } from './disturbed-deploy.ts';
import { manifestOf } from './manifests.ts';
import type { EngineName } from './manifests.ts';
import { Project } from './project.ts';

const moments = ['RolloutStarted', 'RoutesSwitched'] as const;
type Moment = (typeof moments)[number];

interface Trouble {
  readonly what: string;
  readonly begin: (folder: string) => void;
  readonly end: (folder: string) => void;
}

const filler = 'filler';

/** Every block of the small disk. */
const fillUp = (folder: string): void => {
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${join(folder, filler)}`, 'bs=4096'], { stdio: 'ignore' });
  } catch {
    // it ends when the disk is full, which is what it was for
  }
};

const troubles: readonly Trouble[] = [
  { what: 'full', begin: fillUp, end: (folder) => rmSync(join(folder, filler), { force: true }) },
  { what: 'read-only', begin: coverReadOnly, end: unmount },
];

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

export const diskTroubleSuite = (engine: EngineName): void => {
  describe.skipIf(!canMount())('a state folder in trouble (where one may mount)', () => {
    beforeAll(async () => {
      running.project = await Project.create(engine, manifestOf(`disk-trouble-${engine}`, bothStrategies()));
      await mkdir(project().stateFolder);
      smallDisk(project().stateFolder, '16m');
      await project().up();
    });
    afterAll(async () => {
      await project().run('down', '--volumes');
      unmount(project().stateFolder);
      await project().remove();
    });

    test.each(troubles)(
      `gets $what in a rolling and a blue-green deploy on ${engine}: nothing is lost, nothing left, each finishes or goes back; repaired, the next one completes`,
      async (trouble) => {
        for (const moment of moments) await disturb(trouble, moment);
        const report = await project().deploy(...strategies, '--variable', `RELEASE=after-${trouble.what}`);
        expect(report).toMatchObject({ result: 'completed' });
        await expectOrder(project());
      },
    );
  });
};

const disturb = async ({ what, begin, end }: Trouble, moment: Moment): Promise<void> => {
  const { engine, stateFolder } = project();
  let isThere = false;
  const happens = async (): Promise<void> => {
    begin(stateFolder);
    isThere = true;
  };
  const repair = (): void => {
    if (isThere) end(stateFolder);
    isThere = false;
  };
  // What a process was is still to be removed: the status says why that must wait. Docker keeps that elsewhere.
  const isStuck = engine === 'process' && what === 'read-only' && moment === 'RoutesSwitched';
  const meanwhile = (): Promise<void> => (isStuck ? expectReason() : Promise.resolve());
  try {
    await disturbedDeploy(project(), { release: `${what}-${moment}`, moment, happens, meanwhile, repair });
  } finally {
    repair();
  }
};

const expectReason = (): Promise<void> =>
  vi.waitFor(
    async () => {
      const status = await project().do('status');
      for (const each of strategies) {
        expect(status).toMatch(new RegExp(`${each} StateWriteFailed: .*make the folder writable`));
      }
    },
    { timeout: 60_000, interval: 200 },
  );

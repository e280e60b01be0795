import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { expectBooksInOrder } from './books.ts';
import { disturbedDeploy } from './disturbed-deploy.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';

const host = 'web.disk.localhost';
const spec = politeSpec(host, { strategy: 'blue-green', numReplicas: 2 }, { variables: { RELEASE: '1' } });

/** Every block of the small disk. */
const fillUp = (folder: string): void => {
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=4096'], { stdio: 'ignore' });
  } catch {
    // it ends when the disk is full, which is what it was for
  }
};

const smallDisk = (folder: string): void =>
  void execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder]);

/** Whatever is open stays open, nothing new can be written: what is written to can't be made read-only, so it is covered. */
const coverReadOnly = (folder: string): void => {
  const aside = mkdtempSync(join(tmpdir(), 'pm-cover-'));
  execFileSync('mount', ['--bind', folder, aside]);
  execFileSync('mount', ['-o', 'remount,bind,ro', aside]);
  execFileSync('mount', ['--bind', aside, folder]);
  unmount(aside);
  rmdirSync(aside);
};

interface Trouble {
  readonly what: string;
  readonly prepare: (folder: string) => void;
  readonly begin: (folder: string) => void;
  readonly end: (folder: string) => void;
  readonly release: (folder: string) => void;
}

const unmount = (folder: string): void => void spawnSync('umount', ['--lazy', folder]);

const troubles: readonly Trouble[] = [
  {
    what: 'gets full',
    prepare: smallDisk,
    begin: fillUp,
    end: (folder) => rmSync(join(folder, 'filler'), { force: true }),
    release: unmount,
  },
  { what: 'gets read-only', prepare: () => undefined, begin: coverReadOnly, end: unmount, release: () => undefined },
];

const cases = troubles.flatMap((trouble) =>
  ['RolloutStarted', 'RoutesSwitched'].map((moment) => ({ ...trouble, moment })),
);

const expectReason = (project: Project): Promise<void> =>
  vi.waitFor(
    async () => expect(await project.do('status')).toMatch(/web StateWriteFailed: .*make the folder writable/),
    {
      timeout: 60_000,
      interval: 200,
    },
  );

/** Root in a container may not mount. */
const canMount = (): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) unmount(folder);
  rmdirSync(folder);
  return mounted;
};

test.skipIf(!canMount()).each(cases)(
  'a state folder that $what at $moment of a deploy: nothing is lost, it finishes or goes back; repaired, the next one completes (where one may mount)',
  async ({ what, moment, prepare, begin, end, release }) => {
    const project = await Project.create('process', manifestOf('disk-trouble', { web: spec }));
    await mkdir(project.stateFolder);
    prepare(project.stateFolder);
    try {
      await project.up();
      const happens = async (): Promise<void> => begin(project.stateFolder);
      const repair = (): void => end(project.stateFolder);
      // What runs is still to be ended, and what it was is still to be removed: the status says why that must wait.
      const isStuck = what === 'gets read-only' && moment === 'RoutesSwitched';
      const meanwhile = (): Promise<void> => (isStuck ? expectReason(project) : Promise.resolve());
      await disturbedDeploy(project, { host, release: '2', moment, happens, meanwhile, repair });
      expect(await project.deploy('web', '--variable', 'RELEASE=3')).toMatchObject({ result: 'completed' });
      // What could not be written is written later.
      const service = await project.settled('web');
      await expectBooksInOrder(project, service);
    } finally {
      end(project.stateFolder);
      await project.run('down', '--volumes');
      release(project.stateFolder);
      await project.remove();
    }
  },
);

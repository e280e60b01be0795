import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute } from './command-line.ts';
import type { Outcome } from './command-line.ts';
import { ourProcesses } from './left-overs.ts';
import type { Spec } from './manifests.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const host = 'web.bad.localhost';
const good = politeSpec(host, { numReplicas: 2 });
const manifest = (services: Readonly<Record<string, Spec>>): string => manifestOf('bad-input', services);

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

beforeAll(async () => {
  running.project = await Project.create('process', manifest({ web: good }));
  await running.project.up();
});
afterAll(() => running.project?.remove());

/** Whatever was asked: the same processes serve the same revision afterwards. */
const untouched = async (ask_: () => Promise<Outcome>): Promise<Outcome> => {
  const before = { replicas: await project().replicas(), revision: (await project().service('web')).revision };
  const outcome = await ask_();
  expect({ replicas: await project().replicas(), revision: (await project().service('web')).revision }).toEqual(before);
  expect(await ask(await project().url(), host)).toMatchObject({ status: 200 });
  return outcome;
};

const inManifest: readonly {
  readonly what: string;
  readonly text: string;
  readonly exitCode: number;
  readonly says: readonly RegExp[];
}[] = [
  {
    what: 'a half-written manifest',
    text: manifest({ web: good }).slice(0, -60),
    exitCode: 2,
    says: [/MANIFEST_SYNTAX/, /pointsman\.yaml:\d+:\d+/],
  },
  {
    what: 'a misspelt key',
    text: manifest({ web: { ...good, deploy: { healthcheckPaht: '/health' } } }),
    exitCode: 2,
    says: [/MANIFEST_INVALID/, /pointsman\.yaml:\d+:\d+/, /healthcheckPath/],
  },
  {
    what: 'a dependency that no service has',
    text: manifest({ web: { ...good, dependsOn: ['wbe'] } }),
    exitCode: 2,
    says: [/MANIFEST_REFERENCE/, /pointsman\.yaml:\d+:\d+/],
  },
  {
    what: 'a dependency cycle',
    text: manifest({ web: { ...good, dependsOn: ['api'] }, api: politeSpec('api.bad', {}, { dependsOn: ['web'] }) }),
    exitCode: 2,
    says: [/DEPENDENCY_CYCLE/, /web/, /api/],
  },
  {
    what: 'a source folder that does not exist',
    text: manifest({ web: { ...good, source: './no-such-folder' } }),
    exitCode: 2,
    says: [/SOURCE_NOT_FOUND/, /no-such-folder/, /pointsman\.yaml:\d+:\d+/],
  },
  {
    what: 'a config file that does not exist',
    text: manifest({ web: { ...good, config: 'railway.toml' } }),
    exitCode: 2,
    says: [/CONFIG_NOT_FOUND/, /railway\.toml/],
  },
  {
    what: 'a build that fails',
    text: manifest({ web: { ...good, build: { buildCommand: 'echo wheel is missing; exit 7' } } }),
    exitCode: 1,
    says: [/BUILD_FAILED/, /\| wheel is missing/],
  },
];

describe('in the manifest', () => {
  afterAll(async () => {
    await project().write('pointsman.yaml', manifest({ web: good }));
    await project().up();
  });

  test.each(inManifest)('$what: exit code $exitCode, said where, nothing touched', async ({ text, exitCode, says }) => {
    const outcome = await untouched(async () => {
      await project().write('pointsman.yaml', text);
      return project().tryUp();
    });
    expect(outcome).toMatchObject({ exitCode });
    for (const words of says) expect(outcome.all).toMatch(words);
  });
});

test.each([
  ['deploy', 'wbe'],
  ['rollback', 'wbe'],
  ['restart', 'wbe'],
  ['scale', 'wbe', '3'],
  ['logs', 'wbe'],
  ['explain', 'wbe'],
  ['exec', 'wbe', '--', 'true'],
])('an unknown service is refused by %s: exit code 2, the known ones named', async (...args) => {
  const outcome = await untouched(() => project().run(...args));
  expect(outcome).toMatchObject({ exitCode: 2 });
  expect(outcome.all).toMatch(/SERVICE_UNKNOWN[^]*web/);
});

test('a revision that was never kept is refused with exit code 2', async () => {
  const outcome = await untouched(() => project().run('rollback', 'web', '99'));
  expect(outcome).toMatchObject({ exitCode: 2 });
  expect(outcome.all).toMatch(/REVISION_UNKNOWN/);
});

test('a second supervisor on one state folder ends with SUPERVISOR_RUNNING and exit code 3', async () => {
  const { folder, stateFolder } = project();
  const { pid } = (await project().status()).supervisor;
  const program = resolve('src/bin/supervisor.ts');
  const args = [program, '--manifests', folder, '--state-dir', stateFolder, '--engine', 'process', '--http', '0'];
  const second = await execa(process.execPath, args, { reject: false, timeout: 30_000 });
  expect(second.exitCode).toBe(3);
  expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'SUPERVISOR_RUNNING' } });
  expect(second.stdout).toContain(String(pid));
  expect((await project().status()).supervisor.pid).toBe(pid);
});

test('a port that another server has: PORT_TAKEN, exit code 3, nothing stays behind', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const other = await Project.create('process', manifest({ web: good }));
  try {
    const outcome = await other.run('up', '--engine', 'process', '--http', `127.0.0.1:${port}`);
    expect(outcome).toMatchObject({ exitCode: 3 });
    expect(outcome.all).toMatch(new RegExp(`PORT_TAKEN[^]*${port}`));
    expect(await ourProcesses(other.folder, 'all')).toEqual([]);
    await other.up();
  } finally {
    server.close();
    await other.remove();
  }
});

test('a state folder that cannot be made: STATE_WRITE_FAILED, exit code 3', async () => {
  const { folder } = project();
  const outcome = await execute(['up', folder, '--state-dir', '/dev/null/state', '--engine', 'process']);
  expect(outcome).toMatchObject({ exitCode: 3 });
  expect(outcome.all).toMatch(/STATE_WRITE_FAILED[^]*\/dev\/null\/state/);
});

test.skipIf(process.getuid?.() !== 0)(
  'a disk that is full refuses a deploy with STATE_WRITE_FAILED, all goes on serving, nothing stored is lost (root only: mounts a small disk)',
  async () => {
    const small = await Project.create('process', manifest({ web: good }));
    await mkdir(small.stateFolder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small.stateFolder]);
    try {
      await small.up();
      const before = { replicas: await small.replicas(), revisions: await small.do('revisions', 'web') };
      fillUp(small.stateFolder);
      const refused = await small.run('deploy', 'web', '--variable', 'RELEASE=2');
      expect(refused).toMatchObject({ exitCode: 3 });
      expect(refused.all).toMatch(/STATE_WRITE_FAILED/);
      expect(await ask(await small.url(), host)).toMatchObject({ status: 200 });
      execFileSync('rm', [join(small.stateFolder, 'filler')]);
      expect({ replicas: await small.replicas(), revisions: await small.do('revisions', 'web') }).toEqual(before);
      expect(await small.deploy('web', '--variable', 'RELEASE=2')).toMatchObject({ result: 'completed' });
    } finally {
      await small.run('down', '--volumes');
      execFileSync('umount', ['-l', small.stateFolder]);
      await small.remove();
    }
  },
);

/** Every block of the small disk. */
const fillUp = (folder: string): void => {
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=4096'], { stdio: 'ignore' });
  } catch {
    // it ends when the disk is full, which is what it was for
  }
};

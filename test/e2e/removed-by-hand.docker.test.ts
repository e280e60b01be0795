import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import type { RevisionReport } from '../../src/protocol/index.ts';
import { expectBooksInOrder } from './books.ts';
import { disturbedDeploy } from './disturbed-deploy.ts';
import { hostileApps, manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { load } from './traffic.ts';

const docker = new Docker();
const host = 'web.by-hand.localhost';
const spec = politeSpec(
  host,
  { strategy: 'rolling', numReplicas: 2, startCommand: 'node app.mjs' },
  { source: 'source', variables: { RELEASE: '1', BOOT_MS: '300' } },
);

/** Its content is nobody else's, so that the image is this project's alone. */
const dockerfile = `ARG NODE_IMAGE
FROM \${NODE_IMAGE}
WORKDIR /app
COPY app.mjs ./
`;

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

const writeSource = async (version: string): Promise<void> => {
  const app = await readFile(join(hostileApps, 'polite.mjs'), 'utf8');
  await project().write('source/app.mjs', `${app}// ${basename(project().folder)}, ${version}\n`);
};

beforeAll(async () => {
  running.project = await Project.create('docker', manifestOf('by-hand', { web: spec }));
  await project().write('source/Dockerfile', dockerfile);
  await writeSource('first');
  await project().up();
});
afterAll(() => running.project?.remove());

const takenAway: string[] = [];
const takeAway = async (name: string): Promise<void> => {
  takenAway.push(name);
  await docker.getContainer(name).remove({ force: true });
};

const expectOrder = async (): Promise<void> => expectBooksInOrder(project(), await project().settled('web'), takenAway);

test('a container that somebody removes while all is at rest is replaced, and nobody notices', async () => {
  const calls = await load(await project().url(), host, 100);
  try {
    const [victim] = (await project().service('web')).replicas;
    await takeAway(victim?.id ?? '');
    const replaced = async (): Promise<void> => {
      const { ready, replicas } = await project().service('web');
      expect({ ready, isThere: replicas.some(({ id }) => id === victim?.id) }).toEqual({ ready: 2, isThere: false });
    };
    await vi.waitFor(replaced, { timeout: 60_000, interval: 200 });
  } finally {
    const { failed, failures } = await calls.stop();
    expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
  }
});

test('the new container removed in the middle of a deploy: another takes its place, the deploy finishes', async () => {
  const happens = ({ replica }: Event): Promise<void> => takeAway(replica ?? '');
  const result = await disturbedDeploy(project(), { host, release: '2', moment: 'ReplicaStarted', happens });
  expect(result).toBe('finished');
  await expectOrder();
});

test('an old container removed in the middle of a deploy: the other ones carry the load, the deploy finishes', async () => {
  const old = (await project().service('web')).replicas.at(-1)?.id ?? '';
  const happens = (): Promise<void> => takeAway(old);
  const result = await disturbedDeploy(project(), { host, release: '3', moment: 'ReplicaStarted', happens });
  expect(result).toBe('finished');
  await expectOrder();
});

test('the image of an older version removed by hand: a rollback to it is refused in words, what runs serves on, a deploy builds', async () => {
  const { revision } = await project().service('web');
  await writeSource('second');
  const calls = await load(await project().url(), host, 100);
  try {
    await project().up();
    const revisions = JSON.parse(await project().do('revisions', 'web', '--json')) as RevisionReport[];
    const image = revisions.find(({ number }) => number === revision)?.image ?? '';
    await project().settled('web');
    await docker.getImage(image).remove({ force: true });
    const before = await project().replicas();
    const rollback = await project().run('rollback', 'web', String(revision));
    expect(rollback.exitCode, rollback.all).toBe(2);
    expect(rollback.all).toMatch(/REVISION_UNKNOWN: .*the image of revision/);
    expect(await project().replicas()).toEqual(before);
    expect(await project().deploy('web', '--variable', 'RELEASE=4')).toMatchObject({ result: 'completed' });
    await expectOrder();
  } finally {
    const { failed, failures } = await calls.stop();
    expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
  }
});

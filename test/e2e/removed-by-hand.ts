import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import type { RevisionReport } from '../../src/protocol/index.ts';
import { bothStrategies, disturbedDeploy, expectOrder, strategies, underLoad } from './disturbed-deploy.ts';
import type { PerStrategy, Strategy } from './disturbed-deploy.ts';
import { hostileApps, manifestOf } from './manifests.ts';
import type { EngineName, Spec } from './manifests.ts';
import { Project } from './project.ts';
import { takeAway } from './replica-ended.ts';

/** Its content is nobody else's, so that the image is this project's alone. */
const dockerfile = `ARG NODE_IMAGE
FROM \${NODE_IMAGE}
WORKDIR /app
COPY app.mjs ./
`;

/** A changed source is deployed when the test says so. */
const build: Spec = { watchPatterns: ['/nothing'] };

const manifest = (engine: EngineName, more: Spec = {}): string =>
  manifestOf(
    `by-hand-${engine}`,
    bothStrategies({ startCommand: 'node app.mjs' }, { source: 'source', build, ...more }),
  );

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

/** Where each replica sees it. */
const goAhead = (): string => (project().engine === 'docker' ? '/tmp/go-ahead' : join(project().folder, 'go-ahead'));

/** Between the build and the first start, until the replicas that serve are told to go ahead. */
const heldBeforeTheStart = (): Spec => ({
  verify: { before: [{ name: 'go ahead', exec: { command: ['ls', goAhead()] }, within: '60s' }] },
});

const writeSource = async (version: string): Promise<void> => {
  const app = await readFile(join(hostileApps, 'polite.mjs'), 'utf8');
  await project().write('source/app.mjs', `${app}// ${basename(project().folder)}, ${version}\n`);
};

/** A replica is a container or a process, an image is Docker's or a folder of ours. */
export const removedByHandSuite = (engine: EngineName): void => {
  beforeAll(async () => {
    running.project = await Project.create(engine, manifest(engine));
    await project().write('source/Dockerfile', dockerfile);
    await writeSource('first');
    await project().up();
  });
  afterAll(() => running.project?.remove());

  test('a replica that somebody removes while all is at rest is replaced, and nobody notices', async () => {
    const url = await project().url();
    await underLoad({ url, slowToo: false }, async () => {
      for (const each of strategies) await takeOneAway(each);
      await expectOrder(project(), takenAway);
    });
  });

  test('a new replica removed in the middle of a rolling and a blue-green deploy: another takes its place, both finish', async () => {
    const happens = async (events: PerStrategy<Event>): Promise<void> => {
      for (const each of strategies) await take(events[each].replica ?? '');
    };
    await expectFinished('2', happens);
  });

  test('an old replica removed in the middle of a rolling and a blue-green deploy: the other ones carry the load, both finish', async () => {
    const { services } = await project().status();
    const old = services.map(({ replicas }) => replicas.at(-1)?.id ?? '');
    const happens = async (): Promise<void> => {
      for (const each of old) await take(each);
    };
    await expectFinished('3', happens);
  });

  test('the image of an older version removed by hand: a rollback to it is refused in words, what runs serves on, a deploy builds', async () => {
    const { services } = await project().status();
    await writeSource('second');
    const url = await project().url();
    await underLoad({ url, slowToo: true }, async () => {
      await project().deploy(...strategies);
      await expectOrder(project(), takenAway);
      const images = await Promise.all(services.map(({ name, revision }) => imageOf(name, revision)));
      for (const image of new Set(images)) await removeImage(image);
      const before = await project().replicas();
      for (const { name, revision } of services) {
        const rollback = await project().run('rollback', name, String(revision));
        expect(rollback.exitCode, rollback.all).toBe(2);
        expect(rollback.all).toMatch(/REVISION_UNKNOWN: .*the image of revision/);
      }
      expect(await project().replicas()).toEqual(before);
      const report = await project().deploy(...strategies, '--variable', 'RELEASE=4');
      expect(report).toMatchObject({ result: 'completed' });
      await expectOrder(project(), takenAway);
    });
  });

  test('the new image removed in the middle of a rolling and a blue-green deploy: both go back, and the next one completes', async () => {
    await project().write('pointsman.yaml', manifest(engine, heldBeforeTheStart()));
    await project().up();
    await writeSource('third');
    const happens = async (events: PerStrategy<Event>): Promise<void> => {
      const images = strategies.map((each) => imageOf(each, events[each].revision));
      for (const image of new Set(await Promise.all(images))) await removeImage(image);
      await sayGoAhead();
    };
    const disturbance = { release: '5', moment: 'Checking', happens, removedByHand: takenAway };
    expect(await disturbedDeploy(project(), disturbance)).toEqual({ rolling: 'reverted', 'blue-green': 'reverted' });
    const report = await project().deploy(...strategies, '--variable', 'RELEASE=6');
    expect(report).toMatchObject({ result: 'completed' });
    await expectOrder(project(), takenAway);
  });
};

const sayGoAhead = async (): Promise<void> => {
  const { services } = await project().status();
  const serving = services.flatMap(({ name, replicas }) => replicas.map(({ id }) => ({ name, id })));
  for (const { name, id } of serving) await project().do('exec', '--replica', id, name, '--', 'touch', goAhead());
};

const takenAway: string[] = [];
const take = async (id: string): Promise<void> => {
  takenAway.push(id);
  await takeAway(project(), id);
};

const takeOneAway = async (service: Strategy): Promise<void> => {
  const [victim] = (await project().service(service)).replicas;
  await take(victim?.id ?? '');
  const replaced = async (): Promise<void> => {
    const { ready, replicas } = await project().service(service);
    expect({ ready, isThere: replicas.some(({ id }) => id === victim?.id) }).toEqual({ ready: 2, isThere: false });
  };
  await vi.waitFor(replaced, { timeout: 60_000, interval: 200 });
};

const expectFinished = async (
  release: string,
  happens: (events: PerStrategy<Event>) => Promise<void>,
): Promise<void> => {
  const disturbance = { release, moment: 'ReplicaStarted', happens, slowToo: false, removedByHand: takenAway };
  expect(await disturbedDeploy(project(), disturbance)).toEqual({ rolling: 'finished', 'blue-green': 'finished' });
};

const imageOf = async (service: string, revision: number | undefined): Promise<string> => {
  const revisions = JSON.parse(await project().do('revisions', service, '--json')) as RevisionReport[];
  return revisions.find(({ number }) => number === revision)?.image ?? '';
};

const removeImage = async (image: string): Promise<void> => {
  if (project().engine === 'docker') return project().docker.getImage(image).remove({ force: true });
  await rm(join(project().stateFolder, 'snapshots', image.replace('snapshot:', '')), { recursive: true, force: true });
};

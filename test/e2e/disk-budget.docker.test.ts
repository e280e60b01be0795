import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { GcReport, RevisionReport } from '../../src/protocol/index.ts';
import { hostileApps, manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const docker = new Docker();
const host = 'web.budget.localhost';
/** What each version has for itself; two of them fit into the budget, three do not. */
const ownBytes = 3_000_000;
const budget = '7M';

const dockerfile = `ARG NODE_IMAGE
FROM \${NODE_IMAGE}
WORKDIR /app
COPY app.mjs own ./
`;

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

/** The image of the version that this makes. */
const release = async (name: string): Promise<string> => {
  const app = await readFile(join(hostileApps, 'polite.mjs'), 'utf8');
  await project().write('source/app.mjs', app.replace(`process.env.RELEASE ?? '1'`, `'${name}'`));
  await project().write('source/own', randomBytes(ownBytes / 2).toString('hex'));
  await project().up();
  const revisions = JSON.parse(await project().do('revisions', 'web', '--json')) as RevisionReport[];
  return revisions.find(({ result }) => result === 'active')?.image ?? '';
};

beforeAll(async () => {
  const web = politeSpec(host, { startCommand: 'node app.mjs' }, { source: 'source' });
  const manifest = manifestOf('budget', { web }).replace(
    '"buildArgs"',
    `"retention": { "diskBudget": "${budget}" },\n"buildArgs"`,
  );
  running.project = await Project.create('docker', manifest);
  await project().write('source/Dockerfile', dockerfile);
});
afterAll(() => running.project?.remove());

const isThere = (image: string): Promise<boolean> =>
  docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );

test('with a disk budget the images of the oldest versions leave Docker, that is said, and the one before stays to go back to', async () => {
  const images = [await release('one'), await release('two'), await release('three')];
  const [one = '', two = '', three = ''] = images;
  expect(new Set(images).size).toBe(3);
  await vi.waitFor(async () => expect(await Promise.all(images.map(isThere))).toEqual([false, true, true]), {
    timeout: 60_000,
    interval: 200,
  });
  const told = (await project().events()).map(({ reason, message }) => `${reason}: ${message}`);
  expect(told).toContain('RevisionForgotten: web revision 1 is not kept any more: the disk budget of 7 MB is used up');
  expect(told).toContainEqual(
    expect.stringMatching(
      new RegExp(`^ImagesCollected: 1 image that no kept revision needs was removed \\(3 MB\\): ${one.slice(0, 19)}$`),
    ),
  );
  const left = JSON.parse(await project().do('gc', '--json')) as GcReport;
  expect(left).toMatchObject({ revisions: [], images: [], budgetBytes: 7_000_000 });
  expect(left.keptBytes).toBeGreaterThan(2 * ownBytes);
  expect(left.keptBytes).toBeLessThan(7_000_000);

  await project().do('rollback', 'web');
  expect((await ask(await project().url(), host)).body).toContain('"release":"two"');
  expect(await Promise.all([two, three].map(isThere))).toEqual([true, true]);
});

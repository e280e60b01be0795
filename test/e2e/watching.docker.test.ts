import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { Lines } from './command-line.ts';
import { hostileApps, manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const host = 'first.watching.localhost';
const dockerfile = `ARG NODE_IMAGE
FROM \${NODE_IMAGE}
WORKDIR /app
COPY . ./
`;

/** Two services built from one folder, each watching its own part. */
const manifest = (variables: Readonly<Record<string, string>> = {}): string =>
  manifestOf('watching', { first: service('first', variables), second: service('second', {}) });

const service = (name: string, variables: Readonly<Record<string, string>>) =>
  politeSpec(
    `${name}.watching.localhost`,
    { startCommand: `node ${name}/app.mjs` },
    { source: 'source', variables, build: { watchPatterns: [`/${name}/**`] } },
  );

const running: { project?: Project; events?: Lines } = {};
const the = (): { readonly project: Project; readonly events: Lines } => {
  const { project, events } = running;
  if (project === undefined || events === undefined) throw new Error('the project did not come up');
  return { project, events };
};

const save = async (project: Project, name: string, release: string): Promise<void> => {
  const app = await readFile(join(hostileApps, 'polite.mjs'), 'utf8');
  await project.write(`source/${name}/app.mjs`, app.replace(`process.env.RELEASE ?? '1'`, `'${release}'`));
};

const told = (name: string | undefined, reason: string, revision?: number): Promise<string> =>
  the().events.find((line) => {
    const event = JSON.parse(line) as Event;
    return event.service === name && event.reason === reason && (revision === undefined || event.revision === revision);
  });

beforeAll(async () => {
  const project = await Project.create('docker', manifest());
  running.project = project;
  await project.write('source/Dockerfile', dockerfile);
  for (const name of ['first', 'second']) await save(project, name, '1');
  await project.up();
  running.events = new Lines(project.start('events', '--follow', '--json'));
});

afterAll(async () => {
  await running.events?.stop();
  await running.project?.remove();
});

test('a saved source becomes an image and replaces its containers, those of another service stay', async () => {
  const { project } = the();
  const [second] = (await project.service('second')).replicas;
  await save(project, 'first', 'saved');
  await told('first', 'RolloutCompleted', 2);
  expect((await ask(await project.url(), host)).body).toContain('"release":"saved"');
  expect((await project.service('second')).replicas).toMatchObject([{ id: second?.id, phase: 'ready' }]);
});

test('a half-written manifest is told and touches no container; the whole one is one deploy', async () => {
  const { project } = the();
  const containers = await project.replicas();
  const whole = manifest({ GREETING: 'hello' });
  await project.write('pointsman.yaml', whole.slice(0, whole.length - 120));
  await told(undefined, 'ManifestInvalid');
  expect(await project.replicas()).toEqual(containers);
  await project.write('pointsman.yaml', whole);
  await told('first', 'RolloutCompleted', 3);
  const begun = (await project.events()).filter(
    ({ reason, revision = 0 }) => reason === 'RolloutStarted' && revision > 1,
  );
  expect(begun.map(({ service: name, revision }) => [name, revision])).toEqual([
    ['first', 2],
    ['first', 3],
  ]);
});

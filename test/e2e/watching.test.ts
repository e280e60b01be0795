import { copyFile, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { Lines } from './command-line.ts';
import { hostileApps, manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const running: { project?: Project; events?: Lines } = {};
const the = (): { readonly project: Project; readonly events: Lines } => {
  const { project, events } = running;
  if (project === undefined || events === undefined) throw new Error('the project did not come up');
  return { project, events };
};

/** Two services built from one folder, each watching its own part. */
const manifest = (variables: Readonly<Record<string, string>> = {}): string =>
  manifestOf('watching', {
    first: service('first', variables),
    second: service('second', {}),
  });

const service = (name: string, variables: Readonly<Record<string, string>>) =>
  politeSpec(
    `${name}.watching.localhost`,
    { startCommand: `node ${name}/app.mjs` },
    { source: 'source', variables, build: { watchPatterns: [`/${name}/**`] } },
  );

const appOf = async (release: string): Promise<string> =>
  (await readFile(join(hostileApps, 'polite.mjs'), 'utf8')).replace(`process.env.RELEASE ?? '1'`, `'${release}'`);

const save = async (name: string, release: string): Promise<void> =>
  the().project.write(`source/${name}/app.mjs`, await appOf(release));

beforeAll(async () => {
  const project = await Project.create('process', manifest());
  running.project = project;
  await project.write('source/first/app.mjs', await appOf('1'));
  await project.write('source/second/app.mjs', await appOf('1'));
  await project.up();
  running.events = new Lines(project.start('events', '--follow', '--json'));
});

afterAll(async () => {
  await running.events?.stop();
  await running.project?.remove();
});

const told = (name: string | undefined, reason: string, release?: number): Promise<string> =>
  the().events.find((line) => {
    const event = JSON.parse(line) as Event;
    return event.service === name && event.reason === reason && (release === undefined || event.revision === release);
  });

const deploysOf = async (name: string): Promise<number> =>
  (await the().project.reasons(name)).filter((reason) => reason === 'RolloutStarted').length;

/** The second service is deployed: what a change of before it was to cause must have been caused by now. */
const afterTheNext = async (): Promise<void> => {
  const revision = (await the().project.service('second')).revision ?? 0;
  await save('second', String(revision + 1));
  await told('second', 'RolloutCompleted', revision + 1);
};

test('a saved source replaces the service whose watchPatterns name it, and no other', async () => {
  await save('first', 'saved');
  await told('first', 'RolloutCompleted', 2);
  expect((await ask(await the().project.url(), 'first.watching.localhost')).body).toContain('"release":"saved"');
  expect(await deploysOf('second')).toBe(1);
  await afterTheNext();
  expect(await deploysOf('first')).toBe(2);
});

test('an editor that writes beside, renames over and touches twice causes one deploy', async () => {
  const file = join(the().project.folder, 'source/first/app.mjs');
  const before = await deploysOf('first');
  await copyFile(file, `${file}~`);
  await the().project.write('source/first/4913', '');
  await rm(join(the().project.folder, 'source/first/4913'));
  await the().project.write('source/first/.app.mjs.swp', await appOf('edited'));
  await rename(join(the().project.folder, 'source/first/.app.mjs.swp'), file);
  await save('first', 'edited');
  await rm(`${file}~`);
  await told('first', 'RolloutCompleted', before + 1);
  await afterTheNext();
  expect(await deploysOf('first')).toBe(before + 1);
});

test('a file saved without a change causes no deploy', async () => {
  const before = await deploysOf('first');
  await save('first', 'edited');
  await afterTheNext();
  expect(await deploysOf('first')).toBe(before);
});

test('a half-written manifest is told and deploys nothing; the whole one is one deploy', async () => {
  const before = { first: await deploysOf('first'), second: await deploysOf('second') };
  const replicas = await the().project.replicas();
  const whole = manifest({ GREETING: 'hello' });
  await the().project.write('pointsman.yaml', whole.slice(0, whole.length - 120));
  await told(undefined, 'ManifestInvalid');
  expect((await the().project.status()).problems).not.toEqual([]);
  expect(await the().project.replicas()).toEqual(replicas);
  await the().project.write('pointsman.yaml', whole);
  await told('first', 'RolloutCompleted', before.first + 1);
  expect((await the().project.status()).problems).toEqual([]);
  expect({ first: await deploysOf('first'), second: await deploysOf('second') }).toEqual({
    first: before.first + 1,
    second: before.second,
  });
});

test('a manifest that becomes invalid and then what it was again: told, and nothing is deployed', async () => {
  const { project } = the();
  const before = { first: await deploysOf('first'), second: await deploysOf('second') };
  const timesTold = async (): Promise<number> =>
    (await project.reasons()).filter((each) => each === 'ManifestInvalid').length;
  const invalid = await timesTold();
  await project.write('pointsman.yaml', manifest({ GREETING: 'hello' }).replace('"source"', '"sauce"'));
  await vi.waitFor(async () => expect(await timesTold()).toBe(invalid + 1), { timeout: 60_000, interval: 200 });
  await project.write('pointsman.yaml', manifest({ GREETING: 'hello' }));
  await vi.waitFor(async () => expect((await project.status()).problems).toEqual([]), {
    timeout: 20_000,
    interval: 200,
  });
  await afterTheNext();
  expect({ first: await deploysOf('first'), second: await deploysOf('second') }).toEqual({
    first: before.first,
    second: before.second + 1,
  });
});

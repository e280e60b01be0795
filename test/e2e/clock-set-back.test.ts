import { rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lines } from './command-line.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load, slowCalls } from './traffic.ts';

const host = 'web.clock.localhost';
const hour = 3_600_000;

const manifest = manifestOf('clock-set-back', {
  web: politeSpec(host, { strategy: 'rolling', numReplicas: 2, overlapSeconds: 1 }, { variables: { RELEASE: '1' } }),
});

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

/** Earlier by so much than the machine's own clock, from one moment to the next: nobody reads half a number. */
const setBack = async (milliseconds: number): Promise<void> => {
  await project().write('clock.new', String(-milliseconds));
  await rename(join(project().folder, 'clock.new'), join(project().folder, 'clock'));
};

beforeAll(async () => {
  running.project = await Project.create('process', manifest);
  project().environment['POINTSMAN_TEST_CLOCK'] = join(project().folder, 'clock');
  project().environment['NODE_OPTIONS'] = `--import=${resolve('test/e2e/another-clock.ts')}`;
  await project().up();
});
afterAll(() => running.project?.remove());

const isNew = (line: string, { known, reason }: { readonly known: number; readonly reason: string }): boolean => {
  const event = JSON.parse(line) as { readonly sequence: number; readonly reason: string };
  return event.sequence > known && event.reason === reason;
};

/** From the moment on at which the deploy tells of something. */
const deployWhile = async (release: string, moment: string, happens: () => Promise<void>): Promise<void> => {
  const url = await project().url();
  const calls = await load(url, host, 100);
  const slow = slowCalls(`${url}slow?ms=1000`, host, 200);
  const events = new Lines(project().start('events', 'web', '--follow', '--json'));
  const known = (await project().events('web')).at(-1)?.sequence ?? 0;
  const deploy = new Lines(project().start('deploy', 'web', '--variable', `RELEASE=${release}`));
  try {
    await events.find((line) => isNew(line, { known, reason: moment }));
    await happens();
    await project().settled('web');
    expect((await ask(url, host)).body).toContain(`"release":"${release}"`);
  } finally {
    await Promise.all([deploy.stop(), events.stop()]);
    const [{ failed, failures }, held] = await Promise.all([calls.stop(), slow.stop()]);
    expect({ failed, failures, held: held.failed }).toEqual({ failed: 0, failures: {}, held: [] });
  }
};

test('the clock set back by an hour in the middle of a deploy: it ends as soon as ever, and nothing is lost', () =>
  deployWhile('2', 'RoutesSwitched', () => setBack(hour)));

test('the clock set back while no supervisor runs: the next one is not an hour behind', () =>
  deployWhile('3', 'DrainStarted', async () => {
    process.kill((await project().status()).supervisor.pid, 'SIGKILL');
    await setBack(2 * hour);
    await project().up();
  }));

test('what crashed is started again after its pause, not after the hours', async () => {
  const { body } = await ask(await project().url(), host);
  const known = (await project().events('web')).at(-1)?.sequence ?? 0;
  const events = new Lines(project().start('events', 'web', '--follow', '--json'));
  const happens = (reason: string): Promise<string> => events.find((line) => isNew(line, { known, reason }));
  try {
    process.kill((JSON.parse(body) as { pid: number }).pid, 'SIGKILL');
    await happens('ReplicaCrashed');
    await setBack(3 * hour);
    await happens('ReplicaReady');
    expect(await project().settled('web')).toMatchObject({ ready: 2 });
  } finally {
    await events.stop();
  }
});

import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { Lines } from './command-line.ts';
import { appSpec, manifestOf, politeSpec } from './manifests.ts';
import type { Spec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

const host = 'web.asleep.localhost';
const hour = 3_600_000;

const running: { project?: Project; hours: number } = { hours: 0 };
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

const workIsDone = (): string => join(project().folder, 'work-is-done');

const manifest = (workUntil: string): string =>
  manifestOf('asleep', {
    web: politeSpec(host, { healthcheckTimeout: 60, bakeSeconds: 600 }),
    rolling: slowSpec('rolling'),
    'blue-green': slowSpec('blue-green'),
    worker: appSpec('worker.mjs', { drainingSeconds: 600 }, { variables: { WORK_UNTIL: workUntil } }),
  });

const slowSpec = (strategy: string): Spec =>
  appSpec(
    'slow-boot.mjs',
    { strategy, healthcheckPath: '/', healthcheckTimeout: 60 },
    { variables: { BOOT_MS: '100' } },
  );

beforeAll(async () => {
  running.project = await Project.create('process', manifest('none'));
  await project().write('pointsman.yaml', manifest(workIsDone()));
  project().environment['POINTSMAN_TEST_CLOCK'] = join(project().folder, 'clock');
  project().environment['NODE_OPTIONS'] = `--import=${resolve('test/e2e/another-clock.ts')}`;
  await project().up();
});
afterAll(async () => {
  await writeFile(workIsDone(), '');
  await project().remove();
});

/** As the supervisor sees it when the lid is closed: it does not run, and the clock is an hour further when it does again. */
const sleepForAnHour = async (): Promise<void> => {
  const { pid } = (await project().status()).supervisor;
  const slept = (await project().reasons()).filter((reason) => reason === 'MachineSlept').length;
  const events = new Lines(project().start('events', '--follow', '--json'));
  try {
    process.kill(pid, 'SIGSTOP');
    running.hours += 1;
    await project().write('clock.new', String(running.hours * hour));
    await rename(join(project().folder, 'clock.new'), join(project().folder, 'clock'));
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  try {
    const isAnother = (line: string): boolean => line.includes('MachineSlept') && (told += 1) > slept;
    let told = 0;
    expect(await events.find(isAnother)).toMatch(/nothing ran here for 60 min: the machine was asleep/);
  } finally {
    await events.stop();
  }
};

/** Deploys services and sleeps as soon as all of them have told of that. */
const sleepDuring = async (
  services: readonly string[],
  reason: string,
  ...variables: readonly string[]
): Promise<Lines> => {
  const known = (await project().events()).at(-1)?.sequence ?? 0;
  const events = new Lines(project().start('events', '--follow', '--json'));
  const deploy = new Lines(
    project().start('deploy', ...services, ...variables.flatMap((variable) => ['--variable', variable])),
  );
  const told = (service: string): Promise<string> =>
    events.find((line) => {
      const event = JSON.parse(line) as Event;
      return event.sequence > known && event.service === service && event.reason === reason;
    });
  try {
    await Promise.all(services.map(told));
  } finally {
    await events.stop();
  }
  await sleepForAnHour();
  return deploy;
};

test('a machine that sleeps while new versions start, rolling and blue-green: each has as much time left as before', async () => {
  const deploy = await sleepDuring(['rolling', 'blue-green'], 'ReplicaStarted', 'RELEASE=2', 'BOOT_MS=5000');
  expect(await deploy.end(), deploy.seen.join('\n')).toBe(0);
});

test('a machine that sleeps while a new version bakes: the bake goes on, and no request is lost', async () => {
  const url = await project().url();
  const calls = await load(url, host, 50);
  const deploy = await sleepDuring(['web'], 'Baking', 'RELEASE=2');
  expect((await project().service('web')).rollout).toMatchObject({ phase: 'baking' });
  await project().do('promote', 'web');
  expect(await deploy.end()).toBe(0);
  expect((await ask(url, host)).body).toContain('"release":"2"');
  const { failed, failures } = await calls.stop();
  expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
});

test('a machine that sleeps while a worker finishes its job: the job is not killed, nor by the next supervisor', async () => {
  const deploy = await sleepDuring(['worker'], 'SignalSent', 'RELEASE=2');
  expect((await project().service('worker')).rollout).toMatchObject({ phase: 'retiring' });
  process.kill((await project().status()).supervisor.pid, 'SIGKILL');
  await deploy.end();
  const up = new Lines(project().start('up', '--engine', 'process', '--http', '127.0.0.1:0'));
  await up.find((line) => line.includes('worker: retiring'));
  await writeFile(workIsDone(), '');
  expect(await up.end()).toBe(0);
  expect((await project().service('worker')).drains).toMatchObject([{ result: 'finished', exit: { code: 0 } }]);
});

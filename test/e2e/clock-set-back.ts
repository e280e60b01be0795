import { rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { bothStrategies, disturbedDeploy, expectOrder, strategies } from './disturbed-deploy.ts';
import type { Strategy } from './disturbed-deploy.ts';
import { manifestOf } from './manifests.ts';
import type { EngineName } from './manifests.ts';
import { Project } from './project.ts';
import { endReplica } from './replica-ended.ts';

const hour = 3_600_000;
const finished = { rolling: 'finished', 'blue-green': 'finished' };

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

/** Of the supervisor, the proxy and the runner; Docker's own clock is the machine's. */
export const clockSetBackSuite = (engine: EngineName): void => {
  beforeAll(async () => {
    running.project = await Project.create(engine, manifestOf(`clock-set-back-${engine}`, bothStrategies()));
    project().environment['POINTSMAN_TEST_CLOCK'] = join(project().folder, 'clock');
    project().environment['NODE_OPTIONS'] = `--import=${resolve('test/e2e/another-clock.ts')}`;
    await project().up();
  });
  afterAll(() => running.project?.remove());

  test('the clock set back by an hour in the middle of a rolling and a blue-green deploy: both end as soon as ever, nothing is lost, nothing left', async () => {
    const happens = (): Promise<void> => setBack(hour);
    expect(await disturbedDeploy(project(), { release: '2', moment: 'RoutesSwitched', happens })).toEqual(finished);
  });

  test('the clock set back while no supervisor runs: the next one is not an hour behind', async () => {
    const happens = async (): Promise<void> => {
      process.kill((await project().status()).supervisor.pid, 'SIGKILL');
      await setBack(2 * hour);
      await project().up();
    };
    expect(await disturbedDeploy(project(), { release: '3', moment: 'DrainStarted', happens })).toEqual(finished);
  });

  test('what crashed is started again after its pause, not after the hours', async () => {
    const since = (await project().events()).at(-1)?.sequence ?? 0;
    const told = (service: Strategy, reason: string): Promise<Event> =>
      project().told((event) => event.sequence > since && event.service === service && event.reason === reason);
    for (const each of strategies) {
      const [first] = (await project().service(each)).replicas;
      await endReplica(project(), first?.id ?? '');
    }
    for (const each of strategies) await told(each, 'ReplicaCrashed');
    await setBack(3 * hour);
    for (const each of strategies) await told(each, 'ReplicaReady');
    await expectOrder(project());
  });
};

/** Earlier by so much than the machine's own clock, from one moment to the next: nobody reads half a number. */
const setBack = async (milliseconds: number): Promise<void> => {
  await project().write('clock.new', String(-milliseconds));
  await rename(join(project().folder, 'clock.new'), join(project().folder, 'clock'));
};

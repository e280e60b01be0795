import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { disturbedDeploy, hostOf, perStrategy, strategies } from './disturbed-deploy.ts';
import type { PerStrategy } from './disturbed-deploy.ts';
import { manifestOf } from './manifests.ts';
import { PrivateDockerd, whyNoPrivateDockerd } from './private-dockerd.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const image = 'local/busybox:1';
const why = whyNoPrivateDockerd();

const startCommand = `/bin/sh -c 'mkdir /www && printf "\\"release\\":\\"%s\\"" $RELEASE > /www/index.html && exec httpd -f -p $PORT -h /www'`;

const services = perStrategy((strategy) => ({
  image,
  domains: [hostOf(strategy)],
  variables: { RELEASE: '1' },
  deploy: {
    strategy,
    numReplicas: 2,
    healthcheckPath: '/index.html',
    overlapSeconds: 1,
    drainingSeconds: 1,
    startCommand,
  },
}));

const running: { project?: Project; dockerd?: PrivateDockerd } = {};
const the = (): { readonly project: Project; readonly dockerd: PrivateDockerd } => {
  const { project, dockerd } = running;
  if (project === undefined || dockerd === undefined) throw new Error('the project did not come up');
  return { project, dockerd };
};

beforeAll(async () => {
  if (why !== undefined) return;
  running.dockerd = await PrivateDockerd.create();
  await running.dockerd.take(image);
  running.project = await Project.create('docker', manifestOf('dockerd-restarted', services));
  running.project.environment['DOCKER_HOST'] = running.dockerd.host;
  await running.project.up();
});
afterAll(async () => {
  await running.project?.remove();
  const left = (await running.dockerd?.docker.listContainers({ all: true })) ?? [];
  await running.dockerd?.remove();
  expect(left).toEqual([]);
});

const isThere = async (): Promise<void> => {
  const url = await the().project.url('/index.html');
  for (const each of strategies) expect(await ask(url, hostOf(each))).toMatchObject({ status: 200 });
};

test.skipIf(why !== undefined).each([
  ['SIGTERM', 'ReplicaStarted'],
  ['SIGKILL', 'ReplicaReady'],
  ['SIGKILL', 'DrainStarted'],
] as const)(
  `dockerd ended by %s at %s of a rolling and a blue-green deploy and started again: nothing is lost, nothing left, both finish${why === undefined ? '' : ` (skipped: ${why})`}`,
  async (signal, moment) => {
    const { project, dockerd } = the();
    const happens = async (events: PerStrategy<Event>): Promise<void> => {
      const since = Math.max(...strategies.map((each) => events[each].sequence));
      const told = (reason: string): Promise<Event> =>
        project.told((event) => event.sequence > since && event.reason === reason);
      await dockerd.end(signal);
      await told('EngineUnreachable');
      await isThere();
      await dockerd.start();
      await told('EngineReachable');
    };
    const disturbance = { release: `${signal}-${moment}`, moment, happens, path: '/index.html', slowToo: false };
    const results = await disturbedDeploy(project, disturbance);
    expect(results, await project.do('events')).toEqual({ rolling: 'finished', 'blue-green': 'finished' });
    expect(await containers()).toBe(2 * strategies.length);
  },
);

const containers = async (): Promise<number> => (await the().dockerd.docker.listContainers({ all: true })).length;

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { Lines } from './command-line.ts';
import { manifestOf } from './manifests.ts';
import { PrivateDockerd, whyNoPrivateDockerd } from './private-dockerd.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

const host = 'web.restarted.localhost';
const image = 'local/busybox:1';
const why = whyNoPrivateDockerd();

const web = {
  image,
  domains: [host],
  variables: { RELEASE: '1' },
  deploy: {
    strategy: 'rolling',
    numReplicas: 2,
    healthcheckPath: '/index.html',
    drainingSeconds: 1,
    startCommand: `/bin/sh -c 'mkdir /www && echo release $RELEASE > /www/index.html && exec httpd -f -p $PORT -h /www'`,
  },
};

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
  running.project = await Project.create('docker', manifestOf('dockerd-restarted', { web }));
  running.project.environment['DOCKER_HOST'] = running.dockerd.host;
  await running.project.up();
});
afterAll(async () => {
  await running.project?.remove();
  const left = (await running.dockerd?.docker.listContainers({ all: true })) ?? [];
  await running.dockerd?.remove();
  expect(left).toEqual([]);
});

const containers = async (): Promise<readonly string[]> =>
  (await the().dockerd.docker.listContainers({ all: true })).map(({ Id: id }) => id).sort();

test.skipIf(why !== undefined).each([
  ['SIGTERM', 'ReplicaStarted'],
  ['SIGKILL', 'ReplicaReady'],
  ['SIGKILL', 'DrainStarted'],
] as const)(
  `dockerd ended by %s at %s of a deploy and started again: nothing is lost, the deploy finishes${why === undefined ? '' : ` (skipped: ${why})`}`,
  async (signal, moment) => {
    const { project, dockerd } = the();
    const url = await project.url('/index.html');
    const release = `${signal}-${moment}`;
    const calls = await load(url, host, 100);
    const known = (await project.events('web')).at(-1)?.sequence ?? 0;
    const events = new Lines(project.start('events', '--follow', '--json'));
    const deploy = new Lines(project.start('deploy', 'web', '--variable', `RELEASE=${release}`));
    const told = (reason: string): Promise<string> =>
      events.find((line) => {
        const event = JSON.parse(line) as Event;
        return event.sequence > known && event.reason === reason;
      });
    try {
      await told(moment);
      await dockerd.end(signal);
      await told('EngineUnreachable');
      expect(await ask(url, host)).toMatchObject({ status: 200 });
      await dockerd.start();
      await told('EngineReachable');
      expect(await deploy.end()).toBe(0);
      const { replicas } = await project.settled('web');
      expect(await containers()).toHaveLength(replicas.length);
      expect((await ask(url, host)).body).toContain(release);
    } finally {
      await Promise.all([deploy.stop(), events.stop()]);
      expect(await calls.stop()).toMatchObject({ failed: 0, failures: {} });
    }
  },
);

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { Lines } from './command-line.ts';
import { hostileApps, manifestOf, politeSpec } from './manifests.ts';
import type { EngineName } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load, slowCalls } from './traffic.ts';

const host = 'web.killed.localhost';
const rate = 300;

/** Events of a deploy, in their order; the supervisor is killed the moment each of them is told. */
const moments = ['Building', 'ReplicaStarted', 'RoutesSwitched', 'DrainStarted', 'SignalSent'];

/** Long enough to build that there is a build to be killed in. */
const dockerfile = `ARG NODE_IMAGE
FROM \${NODE_IMAGE}
WORKDIR /app
COPY app.mjs ./
RUN sleep 1
CMD ["node", "app.mjs"]
`;

/** Killed with -9 in every part of a deploy under load, and started again each time. */
export const supervisorKilledSuite = (engine: EngineName, strategy: string): void => {
  test(`kill -9 of the supervisor in a ${strategy} deploy on ${engine} loses no request and restarts nothing`, async () => {
    const project = await Project.create(engine, manifest(engine, strategy));
    try {
      await project.write('source/Dockerfile', dockerfile);
      await writeRelease(project, 'first');
      await project.up();
      await throughEveryMoment(project);
    } finally {
      await project.remove();
    }
  }, 600_000);
};

const manifest = (engine: EngineName, strategy: string): string => {
  const deploy = { strategy, numReplicas: 2, startCommand: 'node app.mjs' };
  const build = engine === 'process' ? { buildCommand: 'sleep 1' } : {};
  const web = politeSpec(host, deploy, { source: 'source', build, variables: { BOOT_MS: '300' } });
  return manifestOf(`killed-${engine}-${strategy}`, { web });
};

/** A change of the source is what begins each deploy. */
const writeRelease = async (project: Project, release: string): Promise<void> => {
  const app = await readFile(join(hostileApps, 'polite.mjs'), 'utf8');
  await project.write('source/app.mjs', app.replace(`process.env.RELEASE ?? '1'`, `'${release}'`));
};

const throughEveryMoment = async (project: Project): Promise<void> => {
  const url = await project.url();
  const calls = await load(url, host, rate);
  const slow = slowCalls(`${url}slow?ms=1500`, host, 200);
  try {
    await killedWhileIdle(project);
    for (const moment of moments) {
      await killedAt(project, moment);
      expect((await ask(url, host)).body).toContain(`"release":"${moment}"`);
    }
  } finally {
    const [{ sent, failed, failures }, held] = await Promise.all([calls.stop(), slow.stop()]);
    expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
    expect(sent).toBeGreaterThan(rate);
    expect(held.failed).toEqual([]);
  }
};

const killedWhileIdle = async (project: Project): Promise<void> => {
  const before = await project.replicas();
  await killSupervisor(project);
  expect(await project.run('status')).toMatchObject({ exitCode: 3 });
  await project.up();
  expect(await project.replicas()).toEqual(before);
};

const killedAt = async (project: Project, moment: string): Promise<void> => {
  const old = await project.replicas();
  const { pid } = (await project.status()).supervisor;
  const events = new Lines(project.start('events', 'web', '--follow', '--json'));
  const known = (await project.events('web')).at(-1)?.sequence ?? 0;
  await writeRelease(project, moment);
  await events.find((line) => {
    const event = JSON.parse(line) as Event;
    return event.sequence > known && event.reason === moment;
  });
  process.kill(pid, 'SIGKILL');
  await events.end();
  const started = (await project.replicas()).filter((replica) => !old.includes(replica));
  await project.up();
  await vi.waitFor(async () => expect(await project.replicas()).toHaveLength(2), { timeout: 20_000, interval: 200 });
  const { replicas } = await project.service('web');
  // A start that was cut off before it reached the engine leaves its number unused, so the attempt is not always the first.
  expect(replicas.map(({ phase }) => phase)).toEqual(['ready', 'ready']);
  expect(await project.reasons('web')).not.toContain('ReplicaCrashed');
  // What the killed supervisor had started is what serves now, and nothing of the old version is left.
  expect(await project.replicas()).toEqual(expect.arrayContaining(started));
  expect((await project.replicas()).filter((replica) => old.includes(replica))).toEqual([]);
};

const killSupervisor = async (project: Project): Promise<void> => {
  const { pid } = (await project.status()).supervisor;
  const events = new Lines(project.start('events', '--follow', '--json'));
  await events.find(() => true);
  process.kill(pid, 'SIGKILL');
  await events.end();
};

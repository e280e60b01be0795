import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import Docker from 'dockerode';
import { Lines } from './command-line.ts';
import { ourContainers } from './left-overs.ts';
import { appSpec, manifestOf, politeSpec } from './manifests.ts';
import type { EngineName, Spec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load, slowCalls } from './traffic.ts';

const host = 'web.hostile.localhost';

export const hostileSuite = (engine: EngineName): void => {
  const withProject = async (web: Spec, body: (project: Project) => Promise<void>): Promise<void> => {
    const project = await Project.create(engine, manifest(engine, web));
    try {
      await project.up();
      await body(project);
    } finally {
      await project.remove();
    }
  };

  describe(`apps that misbehave, on ${engine}`, () => {
    test('one that ignores SIGTERM is killed after its grace, and the events say so', () =>
      withProject(appSpec('ignores-sigterm.mjs', { drainingSeconds: 1 }, { domains: [host] }), killedAfterItsGrace));

    test('one that floods its log is served on, and its log stays within its limit', () =>
      withProject(
        appSpec(
          'floods-log.mjs',
          { drainingSeconds: 1 },
          { domains: [host], variables: { LINES_PER_SECOND: '60000' } },
        ),
        logStaysSmall,
      ));

    test('one that passes its check and then hangs is replaced by a rollback; its calls end at the deadline', () =>
      withProject(politeSpec(host, { drainingSeconds: 2 }), hangingIsRolledBack));
  });
};

const manifest = (engine: EngineName, web: Spec): string => manifestOf(`hostile-${engine}`, { web });

const killedAfterItsGrace = async (project: Project): Promise<void> => {
  const old = await project.replicas();
  const calls = await load(await project.url(), host, 100);
  await project.deploy('web', '--variable', 'RELEASE=2');
  const events = new Lines(project.start('events', 'web', '--follow'));
  try {
    await events.find((line) => line.includes('SIGTERM to'));
    await events.find((line) => line.includes('SIGKILL to'));
    await events.find((line) => line.includes('ReplicaRemoved'));
  } finally {
    await events.stop();
  }
  expect(await calls.stop()).toMatchObject({ failed: 0 });
  expect((await project.replicas()).filter((replica) => old.includes(replica))).toEqual([]);
  expect((await ask(await project.url(), host)).body).toBe('2\n');
};

/** What 10 MB a second would fill in a few seconds, if it were kept. */
const linesWritten = 300_000;
const mostLogBytes = 40_000_000;

const logStaysSmall = async (project: Project): Promise<void> => {
  const calls = await load(await project.url(), host, 100);
  const written = async (): Promise<number> =>
    Number(/(\d+) flood/.exec(await project.do('logs', 'web', '--tail', '1'))?.[1]);
  await vi.waitFor(async () => expect(await written()).toBeGreaterThan(linesWritten), {
    timeout: 120_000,
    interval: 200,
  });
  expect(await calls.stop()).toMatchObject({ failed: 0 });
  const bytes = await logBytes(project);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(mostLogBytes);
};

const logBytes = async (project: Project): Promise<number> => {
  if (project.engine === 'docker') return containerLogBytes(project);
  const root = join(project.stateFolder, 'process');
  const files = (await readdir(root, { recursive: true })).filter((name) => name.includes('/replicas/'));
  const sizes = await Promise.all(files.map((name) => sizeOf(join(root, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
};

/** Rotation may take a file away between listing and asking. */
const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (found) => (found.isFile() ? found.size : 0),
    () => 0,
  );

/** Docker's own files are root's: what they may grow to is asked of Docker. */
const containerLogBytes = async (project: Project): Promise<number> => {
  const [container = ''] = await ourContainers(project.stateFolder);
  const { HostConfig: config } = await new Docker().getContainer(container).inspect();
  const { 'max-size': size, 'max-file': files } = (config.LogConfig?.Config ?? {}) as Record<string, string>;
  expect(size).toMatch(/^\d+m$/);
  return Number.parseInt(size ?? '', 10) * 1_000_000 * Number(files);
};

const hangingIsRolledBack = async (project: Project): Promise<void> => {
  const hanging = appSpec(
    'ok-then-hangs.mjs',
    { drainingSeconds: 2, healthcheckPath: '/health' },
    { domains: [host], variables: { OK_REQUESTS: '1' } },
  );
  await project.write('pointsman.yaml', manifest(project.engine, hanging));
  await project.up();
  const url = await project.url();
  const stuck = slowCalls(url, host, 100);
  const logs = new Lines(project.start('logs', 'web', '--follow'));
  try {
    await logs.find((line) => line.includes('hanging on /'));
  } finally {
    await logs.stop();
  }
  await project.do('rollback', 'web', '1');
  const calls = await load(url, host, 100);
  expect((await ask(url, host)).body).toContain('"release":"1"');
  const { failed } = await stuck.stop();
  expect(failed.length).toBeGreaterThan(0);
  expect(failed).not.toContainEqual(expect.stringContaining('no answer'));
  expect(await calls.stop()).toMatchObject({ failed: 0 });
};

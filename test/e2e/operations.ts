import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExecReport, RevisionReport } from '../../src/protocol/index.ts';
import { Lines } from './command-line.ts';
import type { EngineName, Spec } from './manifests.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

export const host = 'web.operations.localhost';

/** Two replicas of one service, replaced one after the other. */
export const webSpec = (more: Spec = {}): Spec =>
  politeSpec(host, { numReplicas: 2, strategy: 'rolling' }, { variables: { RELEASE: '1', COLOUR: 'blue' }, ...more });

/** A project that is up while the tests of a file run. */
export const projectOf = (engine: EngineName, services: Readonly<Record<string, Spec>>): (() => Project) => {
  const running: { project?: Project } = {};
  beforeAll(async () => {
    running.project = await Project.create(engine, manifestOf(`operations-${engine}`, services));
    await running.project.up();
  });
  afterAll(() => running.project?.remove());
  return () => {
    if (running.project === undefined) throw new Error('the project did not come up');
    return running.project;
  };
};

/** What is done to a service that runs, whatever runs it. */
export const operationsSuite = (project: () => Project): void => {
  const printed = async (variable: string): Promise<string> => {
    const words = ['node', '-p', `process.env.${variable}`];
    return (await project().do('exec', 'web', '--', ...words)).trim();
  };

  test('rollback brings back an older revision, its image and its variables included', async () => {
    const { revision } = await project().service('web');
    await project().deploy('web', '--variable', 'RELEASE=5', '--variable', 'COLOUR=red');
    const url = await project().url();
    expect((await ask(url, host)).body).toContain('"release":"5"');
    const calls = await load(url, host, 100);
    await project().do('rollback', 'web', String(revision));
    expect(await calls.stop()).toMatchObject({ failed: 0 });
    expect((await ask(url, host)).body).toContain('"release":"1"');
    expect(await printed('COLOUR')).toBe('blue');
    const revisions = JSON.parse(await project().do('revisions', 'web', '--json')) as RevisionReport[];
    const target = revisions.find(({ number }) => number === revision);
    expect(target).toBeDefined();
    expect(revisions[0]).toMatchObject({ image: target?.image, specHash: target?.specHash, result: 'active' });
  });

  test('scale starts and drains replicas without touching the others or losing a request', async () => {
    const two = await project().replicas();
    const calls = await load(await project().url(), host, 100);
    await project().do('scale', 'web', '4');
    expect(await project().service('web')).toMatchObject({ wanted: 4, ready: 4 });
    expect(await project().replicas()).toEqual(expect.arrayContaining([...two]));
    await project().do('scale', 'web', '2');
    expect(await project().service('web')).toMatchObject({ wanted: 2, ready: 2 });
    expect(await calls.stop()).toMatchObject({ failed: 0 });
  });

  test('restart replaces every replica of a service by new ones of the same image, without losing a request', async () => {
    const before = await project().service('web');
    const calls = await load(await project().url(), host, 100);
    await project().do('restart', 'web');
    expect(await calls.stop()).toMatchObject({ failed: 0 });
    const after = await project().service('web');
    expect(after).toMatchObject({ ready: 2, wanted: 2 });
    const routed = after.replicas.filter((replica) => replica.routed).map(({ id }) => id);
    expect(routed.filter((id) => before.replicas.some((replica) => replica.id === id))).toEqual([]);
  });

  test('logs -f shows the old and the new version together, each line with its revision', async () => {
    const { revision = 0 } = await project().service('web');
    const logs = new Lines(project().start('logs', 'web', '--follow'));
    try {
      await logs.find((line) => line.includes(`r${revision} | listening`));
      await project().deploy('web', '--variable', 'RELEASE=6');
      await logs.find((line) => line.includes(`r${revision + 1} | listening`) && line.endsWith('release 6'));
      await logs.find((line) => line.includes(`r${revision} | SIGTERM: finishing what runs`));
    } finally {
      expect(await logs.stop('SIGINT')).toBe(130);
    }
  });

  test("exec runs inside a replica and ends with the command's own exit code", async () => {
    const report = JSON.parse(
      await project().do('exec', '--json', 'web', '--', 'node', '-p', 'process.env.PORT'),
    ) as ExecReport;
    const { replicas } = await project().service('web');
    const asked = replicas.find(({ id }) => id === report.replica);
    expect(asked?.address).toContain(`:${report.output.trim()}`);
    expect(await project().run('exec', 'web', '--', 'node', '-e', 'process.exit(42)')).toMatchObject({ exitCode: 42 });
  });
};

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeployReport } from '../../src/protocol/index.ts';
import { uniqueName } from './manifests.ts';
import { Project } from './project.ts';

/** The manifest as it is delivered, under a name of its own and with less patience. */
const manifest = async (): Promise<string> => {
  const written = await readFile(resolve('manifests/planexe/pointsman.yaml'), 'utf8');
  return written
    .replace('metadata: { name: planexe }', `metadata: { "name": "${uniqueName('checklist')}" }`)
    .replaceAll('../../fixtures/planexe', resolve('fixtures/planexe'))
    .replace('within: 20m', 'within: 2s');
};

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

beforeAll(async () => {
  running.project = await Project.create('docker', await manifest());
  const images = ['PYTHON_IMAGE=local/python:3.11', 'POSTGRES_IMAGE=local/postgres:15'];
  await running.project.up(...images.flatMap((image) => ['--build-arg', image]));
});
afterAll(() => running.project?.remove(), 120_000);

const checks = async (service: string, revision: number): Promise<readonly string[]> =>
  (await project().events(service))
    .filter((event) => event.reason === 'CheckPassed' && event.revision === revision)
    .map(({ message }) => message);

test('PlanExe goes out wave by wave, and every line of its checklist is ticked by machine', async () => {
  const services = ['worker-plan', 'worker-plan-database', 'mcp-cloud', 'frontend-multi-user'];
  const report = await project().deploy(...services, '--variable', 'RELEASE=2');
  expect(report).toMatchObject({ result: 'completed' });
  const ticked = async (service: string, words: readonly string[]): Promise<void> => {
    const { revision = 0 } = await project().service(service);
    const found = await checks(service, revision);
    for (const word of words)
      expect(
        found.some((line) => line.includes(word)),
        `${service}: ${word}`,
      ).toBe(true);
  };
  await ticked('worker-plan-database', ['no long plan is in processing', 'no plan is stuck', 'log line']);
  await ticked('mcp-cloud', ['before', 'during', 'GET /mcp/tools', 'GET /healthcheck', 'progress streams beat']);
  await ticked('frontend-multi-user', ['during', 'GET /healthcheck']);
});

test('a long plan in processing blocks the deploy of the worker that makes it', async () => {
  const insert = `INSERT INTO plan (prompt, state, duration, background, worker_id, created_at)
    VALUES ('long', 'processing', 900, true, 'someone', now() - interval '5 minutes')`;
  const psql = `PGPASSWORD=$POSTGRES_PASSWORD psql -h 127.0.0.1 -U postgres -d planexe -c "${insert}"`;
  await project().do('exec', 'database-postgres', '--', 'sh', '-c', psql);
  const { replicas } = await project().service('worker-plan-database');
  const outcome = await project().run('deploy', 'worker-plan-database', '--json');
  expect(outcome).toMatchObject({ exitCode: 1 });
  const { failure } = (JSON.parse(outcome.stdout) as DeployReport).rollouts[0] ?? {};
  expect(failure).toMatchObject({ code: 'CHECK_FAILED', message: expect.stringContaining('long plans: 1') });
  const after = (await project().service('worker-plan-database')).replicas;
  expect(after.map(({ id }) => id)).toEqual(replicas.map(({ id }) => id));
});

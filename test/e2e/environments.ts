import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EnvironmentReport, StatusReport } from '../../src/protocol/index.ts';
import { manifestOf, politeSpec } from './manifests.ts';
import type { EngineName } from './manifests.ts';
import { Project } from './project.ts';
import { ask, EventStream, load, slowCalls } from './traffic.ts';

const host = 'web.environments.localhost';
const stagingHost = `staging.${host}`;
const rate = 300;

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};

/** Two environments of one project; staging is deployed only when asked. */
const manifest = (engine: EngineName): string =>
  manifestOf(`environments-${engine}`, {
    web: politeSpec(
      host,
      { numReplicas: 2 },
      {
        variables: { RELEASE: '1', PLACE: 'production' },
        environments: { staging: { variables: { PLACE: 'staging' } } },
      },
    ),
    api: politeSpec('api.environments.localhost', {}, { environments: { staging: { domains: [] } } }),
  }).replace(
    '"buildArgs"',
    '"environments": { "staging": { "from": "production", "autoDeploy": false } },\n"buildArgs"',
  );

const releaseOf = async (domain: string): Promise<string> =>
  /"release":"(\d+)"/.exec((await ask(await project().url(), domain)).body)?.[1] ?? 'none';

const environments = async (): Promise<readonly EnvironmentReport[]> =>
  JSON.parse(await project().do('environments', '--json')) as EnvironmentReport[];

/** Option B of the proposal this project began with: blue-green by environments. */
export const environmentsSuite = (engine: EngineName): void => {
  beforeAll(async () => {
    running.project = await Project.create(engine, manifest(engine));
    running.project.environment['USER'] = 'ada';
    await running.project.up();
    await running.project.up('-e', 'staging');
  });
  afterAll(() => running.project?.remove(), 60_000);

  test('two environments stand side by side behind one proxy, each with its own replicas, variables and domains', async () => {
    expect((await environments()).map(({ name, services }) => [name, services])).toEqual([
      ['production', 2],
      ['staging', 2],
    ]);
    expect([await releaseOf(host), await releaseOf(stagingHost)]).toEqual(['1', '1']);
    const placeIn = (...flags: string[]) =>
      project().do('exec', ...flags, 'web', '--', 'node', '-p', 'process.env.PLACE');
    expect([(await placeIn()).trim(), (await placeIn('-e', 'staging')).trim()]).toEqual(['production', 'staging']);
    const staging = JSON.parse(await project().do('status', '-e', 'staging', '--json')) as StatusReport;
    const { supervisor, proxy } = await project().status();
    expect(staging).toMatchObject({
      environment: 'staging',
      supervisor: { pid: supervisor.pid },
      proxy: { pid: proxy?.pid, http: proxy?.http },
    });
    expect(staging.services.find(({ name }) => name === 'web')?.urls[0]).toContain(`//${stagingHost}:`);
  });

  test('a deploy to staging changes nothing in production', async () => {
    const before = await project().service('web');
    await project().do('deploy', '-e', 'staging', 'web', '--variable', 'RELEASE=2');
    expect([await releaseOf(host), await releaseOf(stagingHost)]).toEqual(['1', '2']);
    expect((await project().service('web')).replicas.map(({ id }) => id)).toEqual(before.replicas.map(({ id }) => id));
  });

  test('domains swap moves every domain in one table and back, under load: nothing is lost', async () => {
    const url = await project().url();
    const calls = await load(url, host, rate);
    const slow = slowCalls(`${url}slow?ms=1500`, host, 200);
    const stream = new EventStream(`${url}sse`, host);
    try {
      await stream.opened;
      await project().do('domains', 'swap', 'staging', 'production');
      expect([await releaseOf(host), await releaseOf(stagingHost)]).toEqual(['2', '1']);
      const [production, staging] = await environments();
      expect([production?.domainsAnsweredBy, staging?.domainsAnsweredBy]).toEqual(['staging', 'production']);
      // One that has domains in production only has none there now.
      const namesOf = (urls: readonly string[] = []) => urls.map((each) => new URL(each).hostname).toSorted();
      expect(namesOf(production?.urls)).toEqual([stagingHost]);
      expect(namesOf(staging?.urls)).toEqual(['api.environments.localhost', host]);
      // A deploy of the environment that users don't meet any more doesn't bring the domains back.
      await project().do('deploy', 'web', '--variable', 'RELEASE=3');
      expect([await releaseOf(host), await releaseOf(stagingHost)]).toEqual(['2', '3']);
      const swapped = (await project().events()).find(({ reason }) => reason === 'DomainsSwapped');
      expect(swapped?.message).toMatch(/have swapped their domains, by ada$/);
      await project().do('domains', 'swap', 'production', 'staging');
      expect([await releaseOf(host), await releaseOf(stagingHost)]).toEqual(['3', '2']);
    } finally {
      stream.stop();
      const [{ failed, failures }, held] = await Promise.all([calls.stop(), slow.stop()]);
      expect({ failed, failures, held: held.failed }).toEqual({ failed: 0, failures: {}, held: [] });
      expect(stream.result).toMatchObject({ lost: 0, unclean: 0 });
    }
  });

  test('a supervisor that is killed and started again looks after both, and who answers whom stays', async () => {
    await project().do('domains', 'swap', 'staging', 'production');
    const calls = await load(await project().url(), host, 100);
    const { supervisor } = await project().status();
    process.kill(supervisor.pid, 'SIGKILL');
    await project().up();
    expect(await calls.stop()).toMatchObject({ failed: 0 });
    expect((await environments()).map(({ name }) => name).sort()).toEqual(['production', 'staging']);
    expect([await releaseOf(host), await releaseOf(stagingHost)]).toEqual(['2', '3']);
    await project().do('domains', 'swap', 'staging', 'production');
    expect([await releaseOf(host), await releaseOf(stagingHost)]).toEqual(['3', '2']);
  });

  test('what is not there is refused, and taking staging down leaves production alone', async () => {
    const swapped = await project().run('domains', 'swap', 'nowhere', 'production');
    expect(swapped.all).toContain('ENVIRONMENT_UNKNOWN');
    const itself = await project().run('domains', 'swap', 'staging', 'staging');
    expect(itself).toMatchObject({ exitCode: 2 });
    expect(itself.all).toMatch(/USAGE: .* both named are staging[^]*Up are .*staging.*name two of them/);
    expect((await project().run('up', '-e', 'nowhere')).all).toContain('There is no environment "nowhere"');
    const calls = await load(await project().url(), host, 100);
    await project().do('down', '-e', 'staging');
    expect(await calls.stop()).toMatchObject({ failed: 0 });
    expect((await environments()).map(({ name }) => name)).toEqual(['production']);
    expect((await ask(await project().url(), stagingHost)).status).toBe(404);
  });
};

import { afterAll, beforeAll, expect, test } from 'vitest';
import { manifestOf, politeSpec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

const host = (service: string): string => `${service}.progress.localhost`;

const strategies = ['rolling', 'blue-green'];

const manifest = (progressDeadlineSeconds: number): string => {
  const services = strategies.map((strategy) => {
    const deploy = { strategy, healthcheckTimeout: 300, progressDeadlineSeconds };
    const migrates = { ...deploy, preDeployCommand: 'sh -c "exec sleep $MIGRATION_SECONDS"' };
    return {
      [`boots-${strategy}`]: politeSpec(host(`boots-${strategy}`), deploy),
      [`migrates-${strategy}`]: politeSpec(host(`migrates-${strategy}`), migrates, {
        variables: { MIGRATION_SECONDS: '0' },
      }),
    };
  });
  return manifestOf('progress', Object.assign({}, ...services));
};

const running: { project?: Project } = {};
const project = (): Project => {
  if (running.project === undefined) throw new Error('the project did not come up');
  return running.project;
};
const whoServes = async (service: string): Promise<unknown> =>
  JSON.parse((await ask(await project().url(), host(service))).body);

beforeAll(async () => {
  running.project = await Project.create('process', manifest(300));
  await project().up();
  // Rules change in place: nothing is replaced for that.
  await project().write('pointsman.yaml', manifest(6));
});
afterAll(() => running.project?.remove());

test.concurrent.each(
  strategies.flatMap((strategy) => [
    [`boots-${strategy}`, 'BOOT_MS=600000'],
    [`migrates-${strategy}`, 'MIGRATION_SECONDS=600'],
  ]),
)(
  'a deploy that gets no further fails at its progress deadline and says where it stood: %s',
  async (service = '', stuck = '') => {
    const before = await whoServes(service);
    const words = new RegExp(`${service} revision 2 was still [a-z-]+ at its progress deadline of 6 s`);
    const outcome = await project().run('deploy', service, '--variable', stuck, '--variable', 'RELEASE=2');
    expect(outcome).toMatchObject({ exitCode: 1 });
    expect(outcome.all).toMatch(words);
    expect(outcome.all).toContain('fix: Raise deploy.progressDeadlineSeconds');
    const { conditions } = await project().settled(service);
    const progressing = conditions.find(({ type }) => type === 'Progressing');
    expect(progressing).toMatchObject({ status: 'false', reason: 'RolloutFailed' });
    expect(progressing?.message).toMatch(words);
    const failed = (await project().events(service)).find(({ reason }) => reason === 'RolloutFailed');
    expect(failed).toMatchObject({ severity: 'error', revision: 2, message: expect.stringMatching(words) });
    expect(await whoServes(service)).toEqual(before);
  },
);

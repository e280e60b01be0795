import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Outcome } from './command-line.ts';
import { appSpec, manifestOf, politeSpec } from './manifests.ts';
import type { EngineName, Spec } from './manifests.ts';
import { Project } from './project.ts';
import { ask, load } from './traffic.ts';

const host = 'web.failed.localhost';
const rate = 100;
const good = politeSpec(host, { numReplicas: 2, strategy: 'blue-green' });

/** One project whose first version serves on while one broken version after the other is tried. */
export const failedVersionsSuite = (engine: EngineName): void => {
  describe(`a version that can't serve, on ${engine}`, () => {
    const running: { project?: Project } = {};
    const project = (): Project => {
      if (running.project === undefined) throw new Error('the first version did not come up');
      return running.project;
    };

    beforeAll(async () => {
      running.project = await Project.create(engine, manifest(engine, good));
      await running.project.up();
    });
    // The good version is what is wanted again, so that each test begins with a change; it serves, so nothing is deployed.
    beforeEach(async () => {
      await project().write('pointsman.yaml', manifest(engine, good));
      await project().up();
      await project().settled('web');
    });
    afterAll(() => running.project?.remove());

    test.each(brokenVersions(engine))('$habit: fails with its own words, the old one serves on', async (broken) => {
      const outcome = await deployUnderLoad(project(), broken.spec);
      expect(outcome).toMatchObject({ exitCode: 1 });
      for (const words of broken.says) expect(outcome.all).toMatch(words);
    });
  });
};

const manifest = (engine: EngineName, web: Spec): string => manifestOf(`failed-${engine}`, { web });

/** The broken version is asked for under load; the old replicas must be the very same afterwards. */
const deployUnderLoad = async (project: Project, web: Spec): Promise<Outcome> => {
  const before = await project.replicas();
  expect(before).toHaveLength(2);
  const url = await project.url();
  const calls = await load(url, host, rate);
  await project.write('pointsman.yaml', manifest(project.engine, web));
  const outcome = await project.tryUp();
  const { body } = await ask(url, host);
  const { failed, failures } = await calls.stop();
  expect({ failed, failures }).toEqual({ failed: 0, failures: {} });
  expect(body).toContain('"release":"1"');
  const { replicas, ready, wanted } = await project.service('web');
  expect(replicas.filter(({ routed }) => routed)).toHaveLength(2);
  expect({ ready, wanted }).toEqual({ ready: 2, wanted: 2 });
  expect(await project.replicas()).toEqual(expect.arrayContaining([...before]));
  return outcome;
};

interface BrokenVersion {
  readonly habit: string;
  readonly spec: Spec;
  readonly says: readonly RegExp[];
}

/** A short gate and one restart: what never works is seen soon, yet it has time to say something. */
const broken = (app: string, deploy: Spec = {}, more: Spec = {}): Spec =>
  appSpec(
    app,
    {
      healthcheckPath: '/health',
      healthcheckTimeout: 10,
      numReplicas: 2,
      restartPolicyMaxRetries: 1,
      drainingSeconds: 1,
      ...deploy,
    },
    { domains: [host], ...more },
  );

const brokenVersions = (engine: EngineName): readonly BrokenVersion[] => [
  {
    habit: 'crashes in a loop',
    spec: broken('crash-loop.mjs', { healthcheckTimeout: 60 }),
    says: [/ROLLOUT_FAILED/, /\| Error: cannot find module 'left-behind'/, /exit.* 3/],
  },
  {
    habit: 'exits with 0',
    spec: broken('exits-zero.mjs', { healthcheckTimeout: 60 }),
    says: [/ROLLOUT_FAILED/, /\| all done, nothing to serve/],
  },
  {
    habit: 'listens on a port nobody asks',
    spec: broken('wrong-port.mjs', {}, { variables: { WRONG_PORT: '0' } }),
    says: [/ROLLOUT_FAILED/, /\| listening on \d+/, /refused/],
  },
  {
    habit: 'boots longer than its gate allows',
    spec: broken('slow-boot.mjs', {}, { variables: { BOOT_MS: '60000' } }),
    says: [/ROLLOUT_FAILED/, /\| loading/, /10 s/],
  },
  {
    habit: 'is a program that does not exist',
    spec: broken('polite.mjs', { startCommand: 'no-such-program --serve' }),
    says: [/no-such-program/],
  },
  {
    habit: 'has a pre-deploy command that fails',
    spec: broken('polite.mjs', { preDeployCommand: `node -e "console.log('column is missing'); process.exit(4)"` }),
    says: [/PRE_DEPLOY_FAILED/, /\| column is missing/, /4/],
  },
  ...(engine === 'docker' ? onlyInContainers : []),
];

const onlyInContainers: readonly BrokenVersion[] = [
  {
    habit: 'listens on localhost only',
    spec: broken('localhost-only.mjs'),
    says: [/ROLLOUT_FAILED/, /\| listening on 127\.0\.0\.1/, /0\.0\.0\.0/],
  },
  {
    habit: 'has a build that fails',
    spec: broken('polite.mjs', {}, { build: { args: { APP: '' } } }),
    says: [/BUILD_FAILED/, /\| .*test -n/],
  },
];

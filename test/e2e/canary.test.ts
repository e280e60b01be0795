import { describe, expect, test } from 'vitest';
import type { DeployReport } from '../../src/protocol/index.ts';
import { askWith, load } from './traffic.ts';
import { analysis, answers, host, rolloutOf, step, withProject } from './tryout.ts';

describe('a canary, under load', () => {
  const canary = {
    strategy: 'canary',
    numReplicas: 2,
    canary: {
      steps: [step(0, 'promote'), step(25, 'promote'), step(50, 1)],
      matches: [
        { header: 'x-try', value: 'new' },
        { cookie: 'try', value: 'new' },
      ],
    },
    analysis,
  };

  const slower = { ...analysis, maxP95Ratio: 3 };

  test('gets exactly its share and its matches, step by step, and loses no request', () =>
    withProject('canary', canary, async (project) => {
      const calls = await load(await project.url(), host, 100);
      const report = await project.deploy('web', '--variable', 'RELEASE=2');
      expect(report).toMatchObject({ result: 'running', rollouts: [{ phase: 'canary', waitsFor: 'promotion' }] });
      expect(await answers(project, 20)).toEqual({ '1': 20 });
      expect(await answers(project, 20, { 'x-try': 'new' })).toEqual({ '2': 20 });
      expect(await answers(project, 10, { cookie: 'seen=1; try=new' })).toEqual({ '2': 10 });
      expect(await answers(project, 10, { cookie: 'try=newer' })).toEqual({ '1': 10 });
      const { previews = [] } = await project.service('web');
      expect(previews).toEqual([expect.stringContaining(`http://preview.${host}:`)]);
      expect(await answers(project, 5, { host: `preview.${host}` })).toEqual({ '2': 5 });

      await project.do('promote', 'web');
      expect(await rolloutOf(project)).toMatchObject({ canary: { step: 1, percent: 25 }, waitsFor: 'promotion' });
      const seen = await answers(project, 200);
      expect(seen['2']).toBeGreaterThanOrEqual(30);
      expect(seen['2']).toBeLessThanOrEqual(70);

      const last = JSON.parse(await project.do('promote', 'web', '--json')) as DeployReport;
      expect(last).toMatchObject({ result: 'completed' });
      expect(await answers(project, 20)).toEqual({ '2': 20 });
      expect(await calls.stop()).toMatchObject({ failed: 0 });
    }));

  test('that fails more often is taken back: deploy ends with 1, the old version serves everybody', () =>
    withProject('canary-worse', { ...canary, canary: { steps: [step(20, 60)] } }, async (project) => {
      const calls = await load(await project.url(), host, 200);
      const outcome = await project.run('deploy', 'web', '--variable', 'RELEASE=2', '--variable', 'FAIL_EVERY=3');
      expect(outcome).toMatchObject({ exitCode: 1 });
      expect(outcome.all).toMatch(/ROLLOUT_REGRESSED.*requests failed, 0 % with the old version/);
      await project.settled('web');
      expect(await answers(project, 20)).toEqual({ '1': 20 });
      // Only what the canary itself answered badly was lost: about a third of a fifth, for a second or two.
      const { sent, failed } = await calls.stop();
      expect(failed).toBeGreaterThan(0);
      expect(failed).toBeLessThan(sent / 10);
      expect(await project.reasons('web')).toContain('CanaryStep');
    }));

  test('that takes no connection any more is taken back, though the old version answered everybody instead', () =>
    withProject('canary-deaf', { ...canary, canary: { steps: [step(20, 60)] } }, async (project) => {
      const calls = await load(await project.url(), host, 200);
      const outcome = await project.run('deploy', 'web', '--variable', 'RELEASE=2', '--variable', 'DEAF_AFTER=5');
      expect(outcome).toMatchObject({ exitCode: 1 });
      expect(outcome.all).toMatch(/ROLLOUT_REGRESSED.*requests failed, 0 % with the old version/);
      await project.settled('web');
      expect(await answers(project, 20)).toEqual({ '1': 20 });
      // What was under way on a connection of the one that went deaf is all that anybody may have lost.
      const { sent, failed } = await calls.stop();
      expect(failed).toBeLessThan(sent / 10);
    }));

  test('is judged also by what its users met while the supervisor was dead', () =>
    withProject(
      'canary-unwatched',
      { ...canary, canary: { steps: [step(50, 'promote')] }, analysis: { ...analysis, windowSeconds: 300 } },
      async (project) => {
        await project.deploy('web', '--variable', 'RELEASE=2', '--variable', 'FAIL_EVERY=2');
        const url = await project.url();
        process.kill((await project.status()).supervisor.pid, 'SIGKILL');
        // The second in which the step began is not judged by; on a quiet machine all requests would fall into it.
        const judgedFrom = Date.now() + 1000;
        for (let judged = 0; judged < 160; judged += Date.now() > judgedFrom ? 1 : 0) await askWith(url, { host });
        await project.tryUp();
        await expect
          .poll(() => project.events('web'))
          .toContainEqual(
            expect.objectContaining({
              revision: 2,
              message: expect.stringMatching(/requests failed, 0 % with the old version/) as string,
            }),
          );
      },
    ));

  test('that is slower is taken back', () =>
    withProject('canary-slow', { ...canary, canary: { steps: [step(20, 60)] }, analysis: slower }, async (project) => {
      const calls = await load(await project.url(), host, 200);
      const outcome = await project.run('deploy', 'web', '--variable', 'RELEASE=2', '--variable', 'SLOW_MS=1000');
      expect(outcome.all).toMatch(/ROLLOUT_REGRESSED.*p95 is \d+ ms/);
      await project.settled('web');
      expect(await answers(project, 20)).toEqual({ '1': 20 });
      expect(await calls.stop()).toMatchObject({ failed: 0 });
    }));

  test('keeps a client on the version that it met first, if it is asked to', () =>
    withProject(
      'canary-affinity',
      { ...canary, affinity: 'revision', canary: { steps: [step(50, 'promote')] } },
      async (project) => {
        await project.deploy('web', '--variable', 'RELEASE=2');
        const url = await project.url();
        const first = await askWith(url, { host });
        const cookie = first.cookies.map((each) => each.split(';')[0]).join('; ');
        expect(cookie).toMatch(/^pointsman-affinity=/);
        const { release } = JSON.parse(first.body) as { release: string };
        expect(await answers(project, 20, { cookie })).toEqual({ [release]: 20 });
        await project.do('promote', 'web');
        expect(await answers(project, 10, { cookie })).toEqual({ '2': 10 });
      },
    ));
});

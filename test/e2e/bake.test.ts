import { describe, expect, test } from 'vitest';
import { Lines } from './command-line.ts';
import { load } from './traffic.ts';
import { analysis, answers, host, rolloutOf, withProject } from './tryout.ts';

describe('a bake', () => {
  const bake = { numReplicas: 2, bakeSeconds: 300, analysis };

  test.each([
    ['fails', 'FAIL_EVERY=4', 5, /ROLLOUT_REGRESSED.*after the switch.*requests failed/],
    // What a crash costs may be seen in the requests before the crash itself is: here it must not count.
    ['crashes', 'CRASH_AFTER=200', 100, /ROLLOUT_REGRESSED.*after the switch.*exited with code 1/],
  ])('switches back at once to the processes that stood by when the new version %s', (_how, variable, most, words) => {
    const rules = { ...bake, analysis: { ...analysis, maxErrorIncrease: most } };
    return withProject(`bake-${variable.slice(0, 4).toLowerCase()}`, rules, async (project) => {
      const old = (await project.service('web')).replicas.map(({ id }) => id);
      const calls = await load(await project.url(), host, 200);
      const outcome = await project.run('deploy', 'web', '--variable', 'RELEASE=2', '--variable', variable);
      expect(outcome).toMatchObject({ exitCode: 1 });
      expect(outcome.all).toMatch(words);
      await project.settled('web');
      expect(await answers(project, 20)).toEqual({ '1': 20 });
      const { replicas } = await project.service('web');
      expect(replicas.filter(({ routed }) => routed).map(({ id }) => id)).toEqual(old);
      await calls.stop();
    });
  });

  test('is ended by promote; pause holds it, resume lets it go on', () =>
    withProject('bake-promote', bake, async (project) => {
      const deploying = new Lines(project.start('deploy', 'web', '--variable', 'RELEASE=2'));
      await deploying.find((line) => line.includes('stands by'));
      await project.do('pause', 'web');
      expect(await deploying.end()).toBe(0);
      expect(await rolloutOf(project)).toMatchObject({ phase: 'baking', waitsFor: 'resume' });
      const resuming = new Lines(project.start('resume', 'web'));
      await resuming.find((line) => line.includes('baking'));
      await project.do('promote', 'web');
      expect(await resuming.end()).toBe(0);
      expect(await rolloutOf(project)).toBeUndefined();
    }));
});

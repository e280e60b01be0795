import { describe, expect, test } from 'vitest';
import { Lines } from './command-line.ts';
import { load } from './traffic.ts';
import { answers, host, rolloutOf, withProject } from './tryout.ts';

describe('promotion by hand', () => {
  test('shows the new version at its preview address, promotes it, or aborts it', () =>
    withProject(
      'promotion',
      { promotion: 'manual', smoke: [{ http: { path: '/', contains: 'release' } }] },
      async (project) => {
        const calls = await load(await project.url(), host, 100);
        const deploying = new Lines(project.start('deploy', 'web', '--variable', 'RELEASE=2'));
        await deploying.find((line) => line.includes('pointsman promote web'));
        expect(await deploying.end()).toBe(0);
        expect(await answers(project, 10)).toEqual({ '1': 10 });
        expect(await answers(project, 10, { host: `preview.${host}` })).toEqual({ '2': 10 });
        expect(await project.do('status')).toMatch(/previewing, waits for promotion/);

        await project.do('abort', 'web');
        await project.settled('web');
        expect(await answers(project, 5, { host: `preview.${host}` })).toEqual({ '404': 5 });
        expect((await project.run('promote', 'web')).all).toContain('ROLLOUT_NOT_WAITING');

        // Nobody has moved yet: going back means the version that serves, not the one before it.
        await project.deploy('web', '--variable', 'RELEASE=3');
        expect(await project.run('rollback', 'web')).toMatchObject({
          exitCode: 0,
          all: expect.stringContaining('was aborted while previewing; revision 1 serves'),
        });
        await project.settled('web');
        expect(await answers(project, 5)).toEqual({ '1': 5 });

        await project.deploy('web', '--variable', 'RELEASE=4');
        await project.do('promote', 'web');
        expect(await answers(project, 10)).toEqual({ '4': 10 });
        expect(await calls.stop()).toMatchObject({ failed: 0 });
      },
    ));

  test('is survived by a supervisor that is killed meanwhile', () =>
    withProject('promotion-killed', { promotion: 'manual' }, async (project) => {
      await project.deploy('web', '--variable', 'RELEASE=2');
      process.kill((await project.status()).supervisor.pid, 'SIGKILL');
      await project.up();
      expect(await rolloutOf(project)).toMatchObject({ phase: 'previewing', waitsFor: 'promotion' });
      expect(await answers(project, 10, { host: `preview.${host}` })).toEqual({ '2': 10 });
      await project.do('promote', 'web');
      expect(await answers(project, 10)).toEqual({ '2': 10 });
    }));
});

test('a smoke check that fails keeps users from the new version; the events say what was seen', () =>
  withProject(
    'smoke',
    { smoke: [{ name: 'says who it is', http: { path: '/', status: 200 }, within: '2s' }] },
    async (project) => {
      const calls = await load(await project.url(), host, 100);
      const outcome = await project.run('deploy', 'web', '--variable', 'RELEASE=2', '--variable', 'FAIL_EVERY=1');
      expect(outcome).toMatchObject({ exitCode: 1 });
      expect(outcome.all).toMatch(/CHECK_FAILED.*says who it is.*500/);
      expect(await answers(project, 20)).toEqual({ '1': 20 });
      expect(await calls.stop()).toMatchObject({ failed: 0 });
    },
  ));

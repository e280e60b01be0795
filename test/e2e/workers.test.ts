import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Lines } from './command-line.ts';
import { politeSpec, uniqueName } from './manifests.ts';
import { drainReportSuite, withProject, worker } from './workers.ts';

drainReportSuite('process');

describe('a worker that takes its time', () => {
  const workIsDone = join(tmpdir(), uniqueName('pm-work-is-done'));
  afterAll(() => rm(workIsDone, { force: true }));

  test('holds up neither its dependents nor a newer deploy of itself while it finishes', () =>
    withProject(
      'process',
      'drain-long',
      {
        worker: worker({ drainingSeconds: 300 }, { variables: { WORK_UNTIL: workIsDone } }),
        web: politeSpec('web.drain.localhost', {}, { dependsOn: ['worker'] }),
      },
      async (project) => {
        try {
          const deploying = new Lines(project.start('deploy', 'worker', 'web', '--variable', 'RELEASE=2'));
          await deploying.find((line) => /web: completed/.test(line));
          expect((await project.service('worker')).rollout).toMatchObject({ phase: 'retiring' });
          const again = new Lines(project.start('deploy', 'worker', '--variable', 'RELEASE=3'));
          const events = new Lines(project.start('events', 'worker', '--follow'));
          await events.find((line) => line.includes('ReplicaStarted') && line.includes('-worker-r3-'));
          await events.stop();
          expect((await project.service('worker')).drains ?? []).toEqual([]);
          await writeFile(workIsDone, '');
          expect(await again.end()).toBe(0);
          expect(await deploying.end()).toBe(0);
        } finally {
          await writeFile(workIsDone, '');
        }
        const left = (await project.service('worker')).drains?.map(({ result }) => result);
        expect(left).toEqual(['finished', 'finished']);
      },
    ));

  test('that dies with 137 when it is asked to go is reported by name', () =>
    withProject(
      'process',
      'drain-137',
      {
        worker: worker({
          startCommand: `node -e "process.on('SIGTERM', () => process.exit(137)); setInterval(() => {}, 1000)"`,
        }),
      },
      async (project) => {
        const report = await project.deploy('worker', '--variable', 'RELEASE=2');
        expect(report.drains).toMatchObject([{ result: 'failed', exit: { code: 137 } }]);
        const told = (await project.events('worker')).find(({ reason }) => reason === 'ReplicaFailedToFinish');
        expect(told).toMatchObject({ severity: 'warning', replica: expect.stringContaining('-worker-r1-0-1') });
        expect(await project.do('status')).toMatch(/worker-r1-0-1 exited with code 137.*may be lost/);
      },
    ));

  test('that is a singleton never works beside its successor', () =>
    withProject(
      'process',
      'drain-single',
      { worker: worker({ strategy: 'singleton' }, { variables: { WORK_MS: '1000' } }) },
      async (project) => {
        await project.deploy('worker', '--variable', 'RELEASE=2');
        const events = await project.events('worker');
        const ended = events.findIndex(({ reason, revision }) => reason === 'ReplicaFinished' && revision === 1);
        const started = events.findIndex(({ reason, revision }) => reason === 'ReplicaStarted' && revision === 2);
        const signalled = events.findIndex(({ reason }) => reason === 'SignalSent');
        expect(signalled).toBeLessThan(started);
        const exit = (await project.service('worker')).drains?.[0]?.exit.at ?? Number.POSITIVE_INFINITY;
        expect(events[started]?.at).toBeGreaterThanOrEqual(exit);
        expect(ended).toBeGreaterThan(signalled);
      },
    ));
});

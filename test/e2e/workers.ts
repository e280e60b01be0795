import { describe, expect, test } from 'vitest';
import { appSpec, manifestOf } from './manifests.ts';
import type { EngineName, Spec } from './manifests.ts';
import { Project } from './project.ts';

export const withProject = async (
  engine: EngineName,
  name: string,
  services: Readonly<Record<string, Spec>>,
  body: (project: Project) => Promise<void>,
): Promise<void> => {
  const project = await Project.create(engine, manifestOf(name, services));
  try {
    await project.up();
    await body(project);
  } finally {
    await project.remove();
  }
};

export const worker = (deploy: Spec, more: Spec = {}): Spec =>
  appSpec('worker.mjs', { drainingSeconds: 30, ...deploy }, more);

/** What became of their work is known, whatever runs them. */
export const drainReportSuite = (engine: EngineName): void => {
  describe(`a worker that is replaced, on ${engine}`, () => {
    test('finishes its work; the drain report says how long that took, and what hook and check found', () =>
      withProject(
        engine,
        `drain-report-${engine}`,
        {
          worker: worker({
            drainCommand: 'echo "handing over" && pwd',
            drainCheck: 'echo "$RAILWAY_REPLICA_ID left nothing behind"',
          }),
        },
        async (project) => {
          const report = await project.deploy('worker', '--variable', 'RELEASE=2');
          const [drain, ...more] = report.drains ?? [];
          expect(more).toEqual([]);
          expect(drain).toMatchObject({
            revision: 1,
            result: 'finished',
            exit: { code: 0 },
            command: { exitCode: 0, output: ['handing over', expect.any(String)] },
            check: { exitCode: 0, output: [expect.stringMatching(/-worker-r1-0-1 left nothing behind$/)] },
          });
          expect(drain?.seconds).toBeGreaterThan(0);
          expect(await project.do('status', 'worker')).toMatch(
            /worker-r1-0-1 finished with code 0, .* after its first signal/,
          );
          expect(await project.reasons('worker')).toEqual(
            expect.arrayContaining(['DrainCommandDone', 'ReplicaFinished']),
          );
        },
      ));

    test('is reported by name when it swallows SIGTERM, and when its check finds something', () =>
      withProject(
        engine,
        `drain-killed-${engine}`,
        { worker: appSpec('ignores-sigterm.mjs', { drainingSeconds: 1, drainCheck: 'echo one job is lost; exit 3' }) },
        async (project) => {
          const report = await project.deploy('worker', '--variable', 'RELEASE=2');
          expect(report).toMatchObject({
            result: 'completed',
            drains: [{ result: 'killed', check: { exitCode: 3, output: ['one job is lost'] } }],
          });
          const killed = (await project.events('worker')).find(({ reason }) => reason === 'ReplicaKilled');
          expect(killed).toMatchObject({ severity: 'warning', replica: expect.stringContaining('-worker-r1-0-1') });
          expect(killed?.message).toMatch(/swallowed its signals and was killed[^]*one job is lost/);
          expect(await project.do('status')).toMatch(/worker-r1-0-1 swallowed its signals/);
        },
      ));
  });
};

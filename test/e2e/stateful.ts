import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from '../../src/model/index.ts';
import { Lines } from './command-line.ts';
import { manifestOf } from './manifests.ts';
import type { EngineName, Spec } from './manifests.ts';
import { Project } from './project.ts';
import { ask } from './traffic.ts';

/** Writes the beginning and the end of its life into its volume, so that the volume tells who ran when. */
const app = `
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const diary = process.env.DIARY;
const note = (what) => appendFileSync(diary, what + ' ' + process.env.RELEASE + '\\n');
note('begins');
createServer((_request, response) => response.end(readFileSync(diary))).listen(Number(process.env.PORT));
process.once('SIGTERM', () => { note('ends'); process.exit(0); });
`;
const dockerfile = 'ARG NODE_IMAGE\nFROM ${NODE_IMAGE}\nWORKDIR /app\nCOPY app.mjs ./\n';

const diaryOf = (name: string, deploy: Spec): Spec => ({
  source: 'source',
  domains: [`${name}.stateful.localhost`],
  volumes: [{ name: `${name}-data`, mountPath: '/data' }],
  variables: { RELEASE: '1', DIARY: '/data/diary' },
  deploy: { startCommand: 'node app.mjs', healthcheckPath: '/', drainingSeconds: 3, ...deploy },
});

/** What only one may have at a time: data in a volume, and being the only one. */
export const statefulSuite = (engine: EngineName): void => {
  describe(`services of which two must not run together, on ${engine}`, () => {
    const running: { project?: Project } = {};
    const project = (): Project => {
      if (running.project === undefined) throw new Error('the project did not come up');
      return running.project;
    };
    const services = {
      database: diaryOf('database', { strategy: 'stop-start' }),
      only: diaryOf('only', { strategy: 'singleton' }),
    };

    beforeAll(async () => {
      running.project = await Project.create(engine, manifestOf(`stateful-${engine}`, services));
      await project().write('source/app.mjs', app);
      await project().write('source/Dockerfile', dockerfile);
      await project().up();
    });
    afterAll(() => running.project?.remove());

    const diary = async (name: string): Promise<readonly string[]> =>
      (await ask(await project().url(), `${name}.stateful.localhost`)).body.trim().split('\n');

    test.each(Object.keys(services))(
      '%s: what it wrote survives its replacement, and the old one ended before the new one began',
      async (name) => {
        await project().deploy(name, '--variable', 'RELEASE=2');
        expect(await diary(name)).toEqual(['begins 1', 'ends 1', 'begins 2']);
      },
    );

    test.each(Object.keys(services))('%s: also when the supervisor is killed between the two', async (name) => {
      const known = (await project().events(name)).at(-1)?.sequence ?? 0;
      const events = new Lines(project().start('events', name, '--follow', '--json'));
      const deploy = new Lines(project().start('deploy', name, '--variable', 'RELEASE=3'));
      await events.find((line) => {
        const event = JSON.parse(line) as Event;
        return event.sequence > known && event.reason === 'SignalSent';
      });
      process.kill((await project().status()).supervisor.pid, 'SIGKILL');
      await Promise.all([events.end(), deploy.end()]);
      await project().up();
      const service = await project().settled(name);
      expect(await diary(name)).toEqual(['begins 1', 'ends 1', 'begins 2', 'ends 2', 'begins 3']);
      expect(service).toMatchObject({ ready: 1, wanted: 1 });
    });

    test('down without --volumes keeps what was written, up finds it', async () => {
      await project().do('down');
      await project().up();
      expect(await diary('database')).toEqual(expect.arrayContaining(['begins 1', 'ends 2', 'ends 3']));
    });
  });
};

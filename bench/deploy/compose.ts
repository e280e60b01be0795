import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { environmentOf, image, port, rate } from './app.ts';
import { startLoad } from './load.ts';
import type { Way } from './measure.ts';
import { Absent } from './measure.ts';

/** `docker-compose up -d` after a changed variable: the container is recreated behind its published port. */
export const composeWay = (): Way => {
  let folder = '';
  const compose = (...args: string[]) =>
    execa('docker-compose', ['--project-name', 'pointsman-bench', ...args], { cwd: folder });
  const up = async (release: string): Promise<void> => {
    const service = { image, environment: environmentOf(release), ports: [`127.0.0.1:18310:${port}`] };
    await writeFile(join(folder, 'docker-compose.yml'), JSON.stringify({ version: '3', services: { web: service } }));
    await compose('up', '--detach');
  };
  return {
    name: 'docker-compose up',
    setUp: async () => {
      folder = await mkdtemp(join(tmpdir(), 'pointsman-bench-'));
      const tool = await execa('docker-compose', ['version', '--short'], { reject: false });
      if (tool.exitCode !== 0) throw new Absent('docker-compose is not installed (apt-get install docker-compose)');
      await up('1');
      return { startLoad: () => startLoad({ url: 'http://127.0.0.1:18310/', host: 'web', rate, release: '2' }) };
    },
    deploy: () => up('2'),
    tearDown: async () => {
      await execa('docker-compose', ['--project-name', 'pointsman-bench', 'down', '--timeout', '1'], {
        cwd: folder,
        reject: false,
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
};

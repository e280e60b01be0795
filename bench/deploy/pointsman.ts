import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import type { StatusReport } from '../../src/protocol/index.ts';
import { bootMs, port, rate } from './app.ts';
import type { Load } from './load.ts';
import { startLoad } from './load.ts';
import type { Way } from './measure.ts';

export type Strategy = 'blue-green' | 'rolling';
export type EngineName = 'docker' | 'process';

/** A project with the polite app as its one service, run by a supervisor of its own. */
export interface Bed {
  up(): Promise<void>;
  startLoad(release: string, ratePerSecond: number): Promise<Load>;
  deploy(release: string): Promise<void>;
  /**
   * When the app itself said that it listens, ms since the epoch: the last replica where all take over at once, the first
   * where each does when it is ready.
   */
  listeningSince(release: string): Promise<number>;
  status(): Promise<StatusReport>;
  down(): Promise<void>;
}

const httpPort = 18311;

export const createBed = async (strategy: Strategy, engine: EngineName, nodeImage: string): Promise<Bed> => {
  const folder = await mkdtemp(join(tmpdir(), 'pointsman-bench-'));
  await writeFile(join(folder, 'pointsman.yaml'), manifest(strategy, engine, nodeImage));
  const pointsman = (...args: string[]) =>
    execa(process.execPath, ['src/bin/pointsman.ts', ...args, '--manifests', folder, '--no-color'], {
      env: { CI: 'true' },
    });
  const json = async (...args: string[]) => JSON.parse((await pointsman(...args, '--json')).stdout);
  return {
    up: async () => {
      await pointsman('up', '--engine', engine, '--http', `127.0.0.1:${httpPort}`);
    },
    startLoad: (release, ratePerSecond) =>
      startLoad({ url: `http://127.0.0.1:${httpPort}/`, host: 'web.bench.localhost', rate: ratePerSecond, release }),
    deploy: async (release) => {
      await pointsman('deploy', 'web', '--variable', `RELEASE=${release}`);
    },
    listeningSince: async (release) => {
      const { stdout } = await pointsman('logs', 'web', '--json');
      const lines = stdout
        .trim()
        .split('\n')
        .map((line): { at: number; text: string } => JSON.parse(line));
      const said = lines
        .filter(({ text }) => text.startsWith('listening') && text.endsWith(`release ${release}`))
        .map(({ at }) => at);
      return strategy === 'blue-green' ? Math.max(...said) : Math.min(...said);
    },
    status: () => json('status'),
    down: async () => {
      await pointsman('down', '--volumes', '--images');
      await rm(folder, { recursive: true, force: true });
    },
  };
};

export const pointsmanWay = (strategy: Strategy, nodeImage: string): Way => {
  let bed: Bed | undefined;
  return {
    name: `pointsman ${strategy}`,
    setUp: async () => {
      const created = await createBed(strategy, 'docker', nodeImage);
      bed = created;
      await created.up();
      return { startLoad: () => created.startLoad('2', rate) };
    },
    deploy: async () => bed?.deploy('2'),
    tearDown: async () => bed?.down(),
  };
};

const manifest = (strategy: Strategy, engine: EngineName, nodeImage: string): string => {
  const source = resolve('fixtures/hostile');
  const build = engine === 'docker' ? `build: { args: { APP: polite.mjs, NODE_IMAGE: "${nodeImage}" } }` : '';
  return `
apiVersion: pointsman/v1
kind: Project
metadata: { name: bench }
spec: { platform: pointsman }
---
apiVersion: pointsman/v1
kind: Service
metadata: { name: web }
spec:
  source: ${source}
  port: ${port}
  domains: [web.bench.localhost]
  variables: { RELEASE: "1", BOOT_MS: "${bootMs}" }
  ${build}
  deploy: { startCommand: node polite.mjs, healthcheckPath: /health, numReplicas: 2, strategy: ${strategy} }
`;
};

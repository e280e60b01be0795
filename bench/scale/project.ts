import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';

/** Small enough that what is measured is Pointsman and Docker, not the apps. */
export const app = `import { createServer } from 'node:http';
createServer((_request, response) => response.end('ok')).listen(Number(process.env.PORT));
process.once('SIGTERM', () => process.exit(0));
`;
const dockerfile = 'ARG NODE_IMAGE\nFROM ${NODE_IMAGE}\nWORKDIR /app\nCOPY app.mjs ./\n';

export interface ScaleProject {
  readonly folder: string;
  /** Runs a verb; returns what it printed. */
  run(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** A project of so many services, each with one replica behind a host name of its own, in a folder of its own. */
export const scaleProject = async (services: number, nodeImage: string): Promise<ScaleProject> => {
  const folder = await mkdtemp(join(tmpdir(), 'pm-scale-'));
  await mkdir(join(folder, 'source'));
  await writeFile(join(folder, 'source/app.mjs'), app);
  await writeFile(join(folder, 'source/Dockerfile'), dockerfile);
  await writeFile(join(folder, 'pointsman.yaml'), manifest(services, nodeImage));
  const place = ['--manifests', folder, '--state-dir', join(folder, '.pointsman')];
  const run = async (...args: string[]): Promise<string> => {
    const { stdout } = await execa(process.execPath, [resolve('src/bin/pointsman.ts'), ...args, ...place], {
      stdin: 'ignore',
      env: { CI: 'true', NO_COLOR: '1' },
    });
    return stdout;
  };
  return {
    folder,
    run,
    remove: async () => {
      await run('down', '--volumes', '--images', '--engine', 'docker', '--http', '127.0.0.1:0');
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** JSON is YAML. */
const manifest = (services: number, nodeImage: string): string =>
  [
    document('Project', `scale-${process.pid}`, { buildArgs: { NODE_IMAGE: nodeImage } }),
    ...Array.from({ length: services }, (_, index) => document('Service', `web-${index}`, serviceSpec(index))),
  ].join('\n---\n');

const serviceSpec = (index: number): object => ({
  source: 'source',
  domains: [`web-${index}.scale.localhost`],
  deploy: { startCommand: 'node app.mjs', healthcheckPath: '/' },
});

const document = (kind: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'pointsman/v1', kind, metadata: { name }, spec });

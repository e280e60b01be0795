import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import type { Event } from '../../src/model/index.ts';
import type { DeployReport, StatusReport } from '../../src/protocol/index.ts';
import { app } from '../scale/project.ts';

/** Works on one long job and ends after it with the number of its SIGTERMs but one: 0 says that it was told once. */
const worker = `let signals = 0;
process.on('SIGTERM', () => {
  signals += 1;
  console.log('SIGTERM', signals);
  if (signals === 1) setTimeout(() => process.exit(signals - 1), Number(process.env.JOB_MS));
});
setInterval(() => undefined, 2 ** 30);
`;
const dockerfile = 'ARG NODE_IMAGE\nFROM ${NODE_IMAGE}\nWORKDIR /app\nCOPY *.mjs ./\n';

export interface DrainBench {
  readonly engine: string;
  readonly nodeImage: string;
  readonly minutes: number;
  readonly drainingSeconds: number;
  readonly webs: readonly string[];
  /** Each with its strategy. */
  readonly workers: readonly (readonly [name: string, strategy: string])[];
}

/** Workers with one long job each, and services for users beside them, driven by the command line. */
export class DrainProject {
  readonly #folder: string;
  readonly #engine: string;

  private constructor(folder: string, engine: string) {
    this.#folder = folder;
    this.#engine = engine;
  }

  static async create(bench: DrainBench): Promise<DrainProject> {
    const folder = await mkdtemp(join(tmpdir(), 'pm-drain-'));
    await mkdir(join(folder, 'source'));
    await writeFile(join(folder, 'source/app.mjs'), app);
    await writeFile(join(folder, 'source/worker.mjs'), worker);
    await writeFile(join(folder, 'source/Dockerfile'), dockerfile);
    await writeFile(join(folder, 'pointsman.yaml'), manifest(bench));
    return new DrainProject(folder, bench.engine);
  }

  async up(): Promise<void> {
    await this.#run('up', ...this.#place());
  }

  /** A new version has a short job, so that `down` is not held up. */
  async deploy(release: number, ...services: readonly string[]): Promise<DeployReport> {
    const variables = ['--variable', `RELEASE=${release}`, '--variable', 'JOB_MS=0'];
    return JSON.parse(await this.#run('deploy', ...services, ...variables, '--json'));
  }

  async status(): Promise<StatusReport> {
    return JSON.parse(await this.#run('status', '--json'));
  }

  async events(service: string): Promise<readonly Event[]> {
    const lines = (await this.#run('events', service, '--json')).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Event);
  }

  async remove(): Promise<void> {
    await this.#run('down', '--volumes', '--images', ...this.#place());
    await rm(this.#folder, { recursive: true, force: true });
  }

  #place(): readonly string[] {
    return ['--engine', this.#engine, '--http', '127.0.0.1:0'];
  }

  async #run(...args: string[]): Promise<string> {
    const place = ['--manifests', this.#folder, '--state-dir', join(this.#folder, '.pointsman')];
    const { stdout } = await execa(process.execPath, [resolve('src/bin/pointsman.ts'), ...args, ...place], {
      stdin: 'ignore',
      env: { CI: 'true', NO_COLOR: '1' },
    });
    return stdout;
  }
}

/** JSON is YAML. */
const manifest = ({ nodeImage, minutes, drainingSeconds, webs, workers }: DrainBench): string =>
  [
    document('Project', `drain-${process.pid}`, { buildArgs: { NODE_IMAGE: nodeImage } }),
    ...webs.map((name) => document('Service', name, webSpec(name))),
    ...workers.map(([name, strategy]) =>
      document('Service', name, {
        source: 'source',
        variables: { JOB_MS: String(minutes * 60_000) },
        deploy: { startCommand: 'node worker.mjs', strategy, drainingSeconds },
      }),
    ),
  ].join('\n---\n');

const webSpec = (name: string): object => ({
  source: 'source',
  domains: [`${name}.drain.localhost`],
  deploy: { startCommand: 'node app.mjs', healthcheckPath: '/' },
});

const document = (kind: string, name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'pointsman/v1', kind, metadata: { name }, spec });

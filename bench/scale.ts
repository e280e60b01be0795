// `npm run bench:scale:docker`: so many services on Docker up from nothing, what the supervisor takes for it and afterwards.
//   --services N   default 50
//   --json FILE    the figures as JSON
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { StatusReport } from '../src/protocol/index.ts';
import { ensureDocker, findBaseImages } from '../scripts/ensure-docker.ts';
import { scaleProject } from './scale/project.ts';
import type { ScaleProject } from './scale/project.ts';
import { usageOf } from './scale/supervisor-usage.ts';

const { values } = parseArgs({ options: { services: { type: 'string', default: '50' }, json: { type: 'string' } } });
const restMs = 15_000;
const bound = 150;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const nodeImage = async (): Promise<string> => {
  const docker = await ensureDocker();
  if (!docker.answers) throw new Error(`this bench needs Docker: ${docker.reason}`);
  const bases = await findBaseImages();
  if (bases.kind === 'missing') throw new Error(`this bench needs base images: ${bases.reason}`);
  return bases.flags.find((flag) => flag.startsWith('NODE_IMAGE='))?.slice('NODE_IMAGE='.length) ?? 'node:24-slim';
};

const status = async (project: ScaleProject): Promise<StatusReport> =>
  JSON.parse(await project.run('status', '--json'));

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begunAt = performance.now();
  await work();
  return (performance.now() - begunAt) / 1000;
};

const measure = async (project: ScaleProject) => {
  const upSeconds = await timed(() => project.run('up', '--engine', 'docker', '--http', '127.0.0.1:0'));
  const { supervisor, services } = await status(project);
  const up = await usageOf(supervisor.pid);
  await delay(restMs);
  const rested = await usageOf(supervisor.pid);
  const againSeconds = await timed(() => project.run('up'));
  const again = await usageOf(supervisor.pid);
  return {
    services: services.length,
    ready: services.filter(({ ready, wanted }) => ready === wanted).length,
    upSeconds,
    upCpuSeconds: up.cpuSeconds,
    peakMegabytes: again.peakMegabytes,
    restingMegabytes: rested.rssMegabytes,
    restingCpuPercent: ((rested.cpuSeconds - up.cpuSeconds) / (restMs / 1000)) * 100,
    unchangedUpSeconds: againSeconds,
    unchangedUpCpuSeconds: again.cpuSeconds - rested.cpuSeconds,
  };
};

const project = await scaleProject(Number(values.services), await nodeImage());
try {
  const figures = await measure(project);
  for (const [name, value] of Object.entries(figures)) say(`${name.padEnd(24)} ${Math.round(value * 100) / 100}`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, undefined, 1)}\n`);
  if (figures.ready < figures.services || figures.peakMegabytes > bound) {
    say(`✗ all ready, and never more than ${bound} MB`);
    process.exitCode = 1;
  }
} finally {
  await project.remove();
}

// `npm run bench:drain`: workers that finish a job of many minutes after SIGTERM are replaced; other services are deployed
// before, meanwhile and afterwards.
//   -- --minutes N   how long the job takes, default 25 (drainingSeconds is a fifth more: 1,800)
//   --engine docker  default process      --json FILE   the figures as JSON
// Takes the job's minutes and three more.
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Event } from '../src/model/index.ts';
import type { DeployReport } from '../src/protocol/index.ts';
import { ensureDocker, findBaseImages } from '../scripts/ensure-docker.ts';
import type { DrainBench } from './drain/project.ts';
import { DrainProject } from './drain/project.ts';
import { usageOf } from './scale/supervisor-usage.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '25' },
    engine: { type: 'string', default: 'process' },
    json: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
/** Deployed in turn, so many times before, during and after. */
const deploysEach = 6;
const restMs = Math.min(60_000, minutes * 10_000);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;

const nodeImage = async (): Promise<string> => {
  if (values.engine !== 'docker') return 'none';
  const docker = await ensureDocker();
  if (!docker.answers) throw new Error(`Docker does not answer: ${docker.reason}`);
  const bases = await findBaseImages();
  if (bases.kind === 'missing') throw new Error(`this bench needs base images: ${bases.reason}`);
  return bases.flags.find((flag) => flag.startsWith('NODE_IMAGE='))?.slice('NODE_IMAGE='.length) ?? 'node:24-slim';
};

const bench: DrainBench = {
  engine: values.engine,
  nodeImage: await nodeImage(),
  minutes,
  drainingSeconds: minutes * 72,
  webs: ['web-0', 'web-1'],
  workers: [
    ['start-first', 'rolling'],
    ['beside', 'concurrent'],
    ['stop-first', 'singleton'],
  ],
};
const workers = bench.workers.map(([name]) => name);

interface Deploys {
  readonly seconds: readonly number[];
  readonly cpuSeconds: readonly number[];
  /** Share of one core between them. */
  readonly restingPercent: readonly number[];
}

const release = { last: 1 };
const cpu = async (project: DrainProject): Promise<number> =>
  (await usageOf((await project.status()).supervisor.pid)).cpuSeconds;

/** Other services are deployed again and again; in between the supervisor is left alone. */
const deployOthers = async (project: DrainProject, restsMs: number): Promise<Deploys> => {
  const found = { seconds: [] as number[], cpuSeconds: [] as number[], restingPercent: [] as number[] };
  const { supervisor } = await project.status();
  const used = async (): Promise<number> => (await usageOf(supervisor.pid)).cpuSeconds;
  for (let turn = 0; turn < deploysEach; turn += 1) {
    const before = await used();
    const begunAt = performance.now();
    await project.deploy((release.last += 1), bench.webs[turn % bench.webs.length] ?? '');
    found.seconds.push((performance.now() - begunAt) / 1000);
    found.cpuSeconds.push((await used()) - before);
    await delay(5000);
    const rested = await used();
    await delay(restsMs);
    found.restingPercent.push((((await used()) - rested) / restsMs) * 100_000);
  }
  return found;
};

const untilSignalled = async (project: DrainProject): Promise<void> => {
  for (const name of workers) {
    while (!(await project.events(name)).some(({ reason }) => reason === 'SignalSent')) await delay(500);
  }
};

const ofVersion = (events: readonly Event[], reason: string, revision: number): readonly Event[] =>
  events.filter((event) => event.reason === reason && event.replica?.includes(`-r${revision}-`) === true);

/** When the new version started: before the old one was told to end, meanwhile, or after it had ended. */
const startedWhen = (events: readonly Event[]): string => {
  const at = (reason: string, revision: number): number => ofVersion(events, reason, revision)[0]?.at ?? NaN;
  const started = at('ReplicaStarted', 2);
  if (started >= at('ReplicaFinished', 1)) return 'after it had ended';
  return started <= at('SignalSent', 1) ? 'before its signal' : 'while it finished';
};

const fates = async (project: DrainProject, report: DeployReport) => {
  const found = [];
  for (const name of workers) {
    const events = await project.events(name);
    const drains = (report.drains ?? []).filter(({ replica }) => replica.includes(`-${name}-`));
    found.push({
      worker: name,
      successor: startedWhen(events),
      signals: ofVersion(events, 'SignalSent', 1).length,
      killed: ofVersion(events, 'ReplicaKilled', 1).length,
      drains: drains.map(({ replica, result, exit, seconds }) => ({ replica, result, code: exit.code, seconds })),
    });
  }
  return found;
};

const measure = async (project: DrainProject) => {
  await project.up();
  say(`${new Date().toISOString()} all is up; other services are deployed without a drain`);
  const before = await deployOthers(project, restMs / 4);
  const replacing = project.deploy((release.last += 1), ...workers);
  await Promise.race([untilSignalled(project), replacing]);
  say(`${new Date().toISOString()} all ${workers.length} workers have their signal`);
  const cpuAtSignal = await cpu(project);
  const meanwhile = await deployOthers(project, Math.max(1000, (minutes * 60_000 - 60_000) / deploysEach - 20_000));
  const stillDrains = (await project.status()).services.filter(
    ({ rollout }) => rollout?.phase === 'retiring' || rollout?.phase === 'replacing',
  );
  const report = await replacing;
  say(`${new Date().toISOString()} the deploy of the workers is over: ${report.result}`);
  const cpuWhileDraining = (await cpu(project)) - cpuAtSignal;
  const after = await deployOthers(project, restMs / 4);
  const fate = await fates(project, report);
  return { result: report.result, before, meanwhile, after, cpuWhileDraining, stillDrains: stillDrains.length, fate };
};

const row = (name: string, { seconds, cpuSeconds, restingPercent }: Deploys): string =>
  [
    name.padEnd(10),
    `${median(seconds).toFixed(1)} s (${Math.min(...seconds).toFixed(1)} – ${Math.max(...seconds).toFixed(1)})`,
    `${median(cpuSeconds).toFixed(2)} s of CPU`,
    `${median(restingPercent).toFixed(2)} % at rest`,
  ].join('  ');

const project = await DrainProject.create(bench);
try {
  const figures = await measure(project);
  const { before, meanwhile, after, fate } = figures;
  say(`a deploy of another service, medians of ${deploysEach}:`);
  for (const [name, deploys] of Object.entries({ before, meanwhile, after })) say(row(name, deploys));
  say(`supervisor's CPU in all the minutes: ${figures.cpuWhileDraining.toFixed(1)} s`);
  for (const each of fate) say(JSON.stringify(each));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, undefined, 1)}\n`);
  const targets: readonly (readonly [what: string, isMet: boolean])[] = [
    ['the deploy of the workers completed', figures.result === 'completed'],
    ['all of them still drained when the last of the others was deployed', figures.stillDrains === workers.length],
    [
      'others took as long as without',
      median(meanwhile.seconds) <= 1.5 * median([...before.seconds, ...after.seconds]),
    ],
    ['one signal each, nobody killed', fate.every(({ signals, killed }) => signals === 1 && killed === 0)],
    [
      'each is reported by name: ended with 0 after its job',
      fate.every(
        ({ drains: [drain, ...more] }) =>
          drain?.code === 0 && drain.result === 'finished' && drain.seconds >= minutes * 60 && more.length === 0,
      ),
    ],
    ['rolling: the new one first', fate[0]?.successor === 'before its signal'],
    ['concurrent: the new one beside it', fate[1]?.successor !== 'after it had ended'],
    ['singleton: the new one afterwards', fate[2]?.successor === 'after it had ended'],
  ];
  for (const [what, isMet] of targets) say(`${isMet ? '✓' : '✗'} ${what}`);
  if (targets.some(([, isMet]) => !isMet)) process.exitCode = 1;
} finally {
  await project.remove();
}

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { RehearsalReport, VariantRun } from '../../src/model/index.ts';
import { execute } from './command-line.ts';
import { forgetImages, ourProcesses, removeLeftOvers } from './left-overs.ts';
import { uniqueName } from './manifests.ts';
import type { EngineName } from './manifests.ts';

export interface MainJob {
  readonly engine: EngineName;
  /** A folder below `manifests/`. */
  readonly system: string;
  readonly buildArgs: readonly string[];
}

/** `pointsman rehearse` as `npm start` runs it, in a copy of the manifests whose name nobody else uses; returns its report. */
export const rehearse = async ({ engine, system, buildArgs }: MainJob): Promise<RehearsalReport> => {
  const folder = await mkdtemp(join(tmpdir(), 'pm-e2e-'));
  const stateFolder = join(folder, '.pointsman');
  const report = join(folder, 'report.json');
  try {
    await mkdir(stateFolder);
    await writeFile(join(folder, 'pointsman.yaml'), await renamed(system));
    const args = buildArgs.flatMap((arg) => ['--build-arg', arg]);
    const outcome = await execute(['rehearse', folder, '--engine', engine, ...args, '--json', report]);
    expect(outcome).toMatchObject({ exitCode: 0 });
    return JSON.parse(await readFile(report, 'utf8')) as RehearsalReport;
  } finally {
    const left = [...(await ourProcesses(folder, 'all'))];
    left.push(...(await removeLeftOvers(folder, join(stateFolder, 'rehearsal'))));
    if (engine === 'docker') await forgetImages(uniqueName(system));
    await rm(folder, { recursive: true, force: true });
    expect(left).toEqual([]);
  }
};

const renamed = async (system: string): Promise<string> => {
  const text = await readFile(resolve('manifests', system, 'pointsman.yaml'), 'utf8');
  return text
    .replace(`metadata: { name: ${system} }`, `metadata: { name: ${uniqueName(system)} }`)
    .replaceAll('../../fixtures', resolve('fixtures'));
};

/** The picture that the main job exists to show. */
export const expectTheStory = (report: RehearsalReport, { engine, system }: MainJob): void => {
  expect(report).toMatchObject({ version: 1, project: uniqueName(system), engine });
  expect(report.runs.map(({ variant }) => variant)).toEqual(['railway-stop-start', 'railway', 'pointsman']);
  for (const run of report.runs) expectShape(run);
  const [first, , last] = report.runs;
  // Stopped before the new one is healthy: the edge answers 502 for as long as that takes.
  expect(first).toMatchObject({ verdict: 'fail', deploy: { result: 'completed' } });
  expect(failures(first, '502')).toBeGreaterThan(100);
  expect(longestOutage(first)).toBeGreaterThan(500);
  expect(last).toMatchObject({ verdict: 'pass', deploy: { result: 'completed' } });
  expect(last?.budgets.filter(({ ok }) => !ok)).toEqual([]);
  for (const [name, workload] of Object.entries(last?.workloads ?? {})) {
    expect({ name, failed: workload.failed, failures: workload.failures }).toEqual({ name, failed: 0, failures: {} });
    expect(workload.streams?.dropped ?? 0).toBe(0);
    expect(workload.streams?.eventsLost ?? 0).toBe(0);
    expect(workload.jobs?.abandoned ?? 0).toBe(0);
  }
};

/** As the design of the report promises it. */
const expectShape = (run: VariantRun): void => {
  expect(run.phases.length).toBeGreaterThan(3);
  for (const { start, end } of run.phases) expect(end).toBeGreaterThanOrEqual(start);
  expect(run.budgets.map(({ name }) => name).sort()).toEqual([
    'abandonedJobs',
    'droppedStreams',
    'failedRequests',
    'longestOutageMs',
  ]);
  for (const workload of Object.values(run.workloads)) {
    expect(workload.sent).toBeGreaterThan(0);
    expect(workload.ok + workload.failed).toBeLessThanOrEqual(workload.sent);
    expect(Object.keys(workload.latencyMs).sort()).toEqual(['max', 'p50', 'p99']);
  }
};

const failures = (run: VariantRun | undefined, cause: string): number =>
  Object.values(run?.workloads ?? {}).reduce((sum, workload) => sum + (workload.failures[cause] ?? 0), 0);

const longestOutage = (run: VariantRun | undefined): number =>
  Math.max(0, ...Object.values(run?.workloads ?? {}).map(({ longestOutageMs }) => longestOutageMs));

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { RehearsalReport } from '../../src/model/index.ts';
import type { StatusReport } from '../../src/protocol/index.ts';
import { CommandLine, onProcesses } from './command-line.ts';
import { rehearsalProject } from './rehearsal-project.ts';

let line: CommandLine;
afterEach(() => line.remove());

const create = async (seconds: number): Promise<void> => {
  line = await CommandLine.create(rehearsalProject(seconds));
};

it('gives a verdict, keeps the report, writes what was asked for, and disturbs nothing that runs', async () => {
  await create(1);
  await line.do('up', ...onProcesses);
  const before = await line.json<StatusReport>('status');
  const reports = [
    '--json',
    'report.json',
    '--junit',
    'report.xml',
    '--markdown',
    'report.md',
    '--html',
    'report.html',
  ];
  const { exitCode, stdout, stderr } = await line.run('rehearse', '--engine', 'process', ...reports);
  expect(stderr).toContain('rehearsal deploy of polite: railway-stop-start, pointsman');
  expect(stderr).toContain('engine process: ');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/verdict +FAIL +PASS/);

  const report = JSON.parse(await readFile(join(line.folder, 'report.json'), 'utf8')) as RehearsalReport;
  expect(report).toMatchObject({ version: 1, rehearsal: 'deploy', engine: 'process', verdict: 'pass' });
  expect(report.runs.map(({ variant, verdict }) => [variant, verdict])).toEqual([
    ['railway-stop-start', 'fail'],
    ['pointsman', 'pass'],
  ]);
  expect(await readFile(join(line.folder, 'report.xml'), 'utf8')).toContain('<testsuite');
  const kept = await readdir(join(line.folder, '.pointsman/rehearsals'));
  expect(kept).toContain('latest.json');
  expect(kept).toContainEqual(expect.stringMatching(/-deploy\.json$/));
  expect(await readdir(join(line.folder, '.pointsman'))).not.toContain('rehearsal');

  const after = await line.json<StatusReport>('status');
  const replicas = ({ services }: StatusReport) => services.flatMap((service) => service.replicas.map(({ id }) => id));
  expect(replicas(after)).toEqual(replicas(before));
  expect(after.supervisor.pid).toBe(before.supervisor.pid);
});

it('refuses unknown rules before anything is built', async () => {
  await create(1);
  const { exitCode, stderr } = await line.run('rehearse', '--engine', 'process', '--variant', 'railwya');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('error PLATFORM_UNKNOWN: ');
  expect(stderr).not.toContain('web: building');
  expect(await line.processes()).toEqual([]);
});

it('fails with 1 when the candidate exceeds a budget', async () => {
  await create(1);
  const { exitCode, stdout } = await line.run('rehearse', '--engine', 'process', '--variant', 'railway-stop-start');
  expect(exitCode).toBe(1);
  expect(stdout).toContain('FAIL');
  expect(await line.processes()).toEqual([]);
});

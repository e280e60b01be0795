import { createColors } from 'picocolors';
import { describe, expect, it } from 'vitest';
import { diffText } from '../../../src/cli/show/diff.ts';
import { failureText } from '../../../src/cli/show/failure.ts';
import { statusText } from '../../../src/cli/show/status.ts';
import { table } from '../../../src/cli/show/table.ts';
import { duration } from '../../../src/cli/show/time.ts';
import { environmentName, projectName, replicaIdOf, rolloutId, serviceName } from '../../../src/model/index.ts';

const plain = createColors(false);

describe('an error', () => {
  it('says what, where, in its own words, and what to do', () => {
    const report = {
      code: 'BUILD_FAILED',
      message: 'The build of api failed.',
      where: { file: '/p/api/Dockerfile', line: 3, column: 1 },
      output: ['npm error missing script'],
      fix: 'Repair it.',
    } as const;
    expect(failureText(report, plain, '/p').split('\n')).toEqual([
      'error BUILD_FAILED: The build of api failed.',
      '  at api/Dockerfile:3:1',
      '  | npm error missing script',
      '  fix: Repair it.',
    ]);
  });

  it('made of several shows them all', () => {
    const problems = [
      { code: 'MANIFEST_INVALID', message: 'one' },
      { code: 'CONFIG_INVALID', message: 'two' },
    ] as const;
    const text = failureText({ code: 'MANIFEST_INVALID', message: '2 problems', problems }, plain, '/');
    expect(text).toBe('error MANIFEST_INVALID: one\nerror CONFIG_INVALID: two\n2 problems');
  });
});

const idle = {
  name: serviceName('jobs'),
  strategy: 'rolling',
  wanted: 1,
  ready: 1,
  revision: 1,
  urls: [],
  rollout: undefined,
  replicas: [],
  conditions: [],
} as const;
const place = { project: projectName('shop'), environment: environmentName('production') };
const report = {
  ...place,
  platform: 'pointsman',
  engine: { kind: 'process', reason: 'no Docker', reachable: true },
  supervisor: { pid: 1, startedAt: 0, memoryBytes: 0, manifests: [] },
  proxy: undefined,
  services: [],
  problems: [],
} as const;

it('the status says of how many requests no record came, and nothing where all came', () => {
  const status = (lostRecords?: number) =>
    statusText(
      {
        ...report,
        proxy: { pid: 2, http: '127.0.0.1:8080', generation: 3, ...(lostRecords !== undefined && { lostRecords }) },
      },
      plain,
      { now: 0, cwd: '/', replicas: false },
    );
  expect(status(1204)).toContain('of 1204 requests the supervisor got no record');
  expect(status()).not.toContain('record');
});

it('the status marks a replica whose own check says that its work is lost, though it ended by itself', () => {
  const left = {
    replica: replicaIdOf(place, { service: serviceName('jobs'), revision: 1, slot: 0, attempt: 1 }),
    revision: 1,
    result: 'finished',
    words: 'it finished',
    exit: { code: 0, signal: null, outOfMemory: false, at: 0 },
    seconds: 1,
  } as const;
  const check = { at: 0, seconds: 1, exitCode: 1, output: [] };
  const jobs = { ...idle, drains: [left, { ...left, words: 'it lost a job', check }] };
  const text = statusText({ ...report, services: [jobs] }, plain, { now: 0, cwd: '/', replicas: true });
  expect(text).toContain('  · it finished\n  ! it lost a job');
});

it('the status of a service on its way says from which revision to which', () => {
  const rollout = (phase: 'baking' | 'failed') =>
    ({
      id: rolloutId('deploy-2-jobs'),
      deployId: 'deploy-2',
      service: idle.name,
      from: 1,
      to: 2,
      phase,
      startedAt: 0,
      history: [],
    }) as const;
  const text = (phase: 'baking' | 'failed') =>
    statusText({ ...report, services: [{ ...idle, rollout: rollout(phase) }] }, plain, {
      now: 0,
      cwd: '/',
      replicas: false,
    });
  expect(text('baking')).toContain('r1 → r2');
  expect(text('failed')).not.toContain('r2');
});

it('a diff of a new service names what is its own, not the rules that every service has', () => {
  const differences = [
    { path: 'variables.V', after: '1' },
    { path: 'variables.RAILWAY_SERVICE_NAME', after: 'jobs' },
    { path: 'policy.gate.successes', after: '1' },
  ];
  const text = (from?: number) =>
    diffText(
      { from: 1, to: 2, services: [{ service: idle.name, to: 2, differences, ...(from !== undefined && { from }) }] },
      plain,
    );
  expect(text()).toBe('jobs  not there → r2\n  + variables.V: 1');
  expect(text(1)).toContain('policy.gate.successes');
});

it('columns of a table stand below each other, colours or not', () => {
  const { red } = createColors(true);
  expect(
    table(
      ['NAME', 'STATE'],
      [
        [red('api'), 'up'],
        ['database', 'down'],
      ],
    ),
  ).toEqual(['NAME      STATE', `${red('api')}       up`, 'database  down']);
});

it('durations are as exact as a reader needs', () => {
  expect([420, 42_000, 185_000, 7_800_000, 356_400_000].map(duration)).toEqual([
    '0.4s',
    '42s',
    '3m 05s',
    '2h 10m',
    '4d 3h',
  ]);
});

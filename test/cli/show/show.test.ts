import { createColors } from 'picocolors';
import { describe, expect, it } from 'vitest';
import { failureText } from '../../../src/cli/show/failure.ts';
import { statusText } from '../../../src/cli/show/status.ts';
import { table } from '../../../src/cli/show/table.ts';
import { duration } from '../../../src/cli/show/time.ts';

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

it('the status says of how many requests no record came, and nothing where all came', () => {
  const status = (lostRecords?: number) =>
    statusText(
      {
        project: 'shop',
        environment: 'production',
        platform: 'pointsman',
        engine: { kind: 'process', reason: 'no Docker', reachable: true },
        supervisor: { pid: 1, startedAt: 0, memoryBytes: 0, manifests: [] },
        proxy: { pid: 2, http: '127.0.0.1:8080', generation: 3, ...(lostRecords !== undefined && { lostRecords }) },
        services: [],
        problems: [],
      },
      plain,
      { now: 0, cwd: '/', replicas: false },
    );
  expect(status(1204)).toContain('of 1204 requests the supervisor got no record');
  expect(status()).not.toContain('record');
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

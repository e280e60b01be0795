import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PointsmanError } from '../../src/model/index.ts';
import { keepReport } from '../../src/rehearsal/index.ts';
import { sampleReport } from './stage/sample-report.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pointsman-rehearsals-'));
});
afterEach(async () => {
  await chmod(folder, 0o755);
  await rm(folder, { recursive: true, force: true });
});

test('every report is kept under its time and name, the newest also as latest', async () => {
  const rehearsals = join(folder, 'rehearsals');
  const path = await keepReport(rehearsals, sampleReport);
  const next = { ...sampleReport, startedAt: sampleReport.startedAt + 1000, rehearsal: 'other/name' };
  await keepReport(rehearsals, next);
  expect(path).toBe(join(rehearsals, '2026-01-02T03-04-05-678Z-api-deploy.json'));
  expect((await readdir(rehearsals)).toSorted()).toEqual([
    '2026-01-02T03-04-05-678Z-api-deploy.json',
    '2026-01-02T03-04-06-678Z-other_name.json',
    'latest.json',
  ]);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(sampleReport);
  expect(JSON.parse(await readFile(join(rehearsals, 'latest.json'), 'utf8'))).toEqual(next);
});

test('a folder that can not be written is said with what to do', async () => {
  const file = join(folder, 'not-a-folder');
  await writeFile(file, '');
  const error: unknown = await keepReport(file, sampleReport).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PointsmanError);
  expect(error).toMatchObject({ code: 'STATE_WRITE_FAILED', fix: expect.stringContaining(file) as string });
});

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { leftProcesses } from './left-processes.ts';
import type { LeftProcess } from './left-processes.ts';

/** What one run of vitest came to. */
export interface VitestRun {
  readonly files: readonly TestFile[];
  /** Something failed outside tests, or the run ended before its report. */
  readonly broke: boolean;
  /** Processes the tests left behind; they are killed. */
  readonly left: readonly LeftProcess[];
}

export interface TestFile {
  readonly name: string;
  readonly failed: boolean;
  readonly tests: readonly { readonly name: string; readonly outcome: 'passed' | 'failed' | 'skipped' }[];
}

const reportFile = join('node_modules', '.vitest-report.json');

/** Beyond this something hangs that no test's own limit ended. */
const limitMs = 40 * 60_000;
const endsWithinMs = 20_000;
const restMs = 2_000;

/**
 * Vitest waits for what a test left behind, which may never end: it inherited its output. So once the report is
 * written, it has to end soon; and through pipes of ours nobody's leftovers hold our caller's output open.
 */
export const runVitest = async (args: readonly string[]): Promise<VitestRun> => {
  await rm(reportFile, { force: true });
  const mark = randomUUID();
  const vitest = spawn(
    'vitest',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...colours(), POINTSMAN_TEST_RUN: mark } },
  );
  vitest.stdout.pipe(process.stdout, { end: false });
  vitest.stderr.pipe(process.stderr, { end: false });
  const kill = () => vitest.kill('SIGKILL');
  const limits = [setTimeout(kill, limitMs)];
  vitest.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('JSON report written')) limits.push(setTimeout(kill, endsWithinMs));
  });
  const [exitCode] = (await once(vitest, 'exit')) as [number | null];
  for (const limit of limits) clearTimeout(limit);
  // The rest of its output, unless somebody else keeps the pipe open.
  await Promise.race([once(vitest, 'close'), delay(restMs)]);
  const files = await readReport();
  // Errors outside tests (an unhandled rejection) fail the run without failing a file.
  const broke = files === undefined || (exitCode !== 0 && !files.some(({ failed }) => failed));
  return { files: files ?? [], broke, left: await endLeft(`POINTSMAN_TEST_RUN=${mark}`) };
};

const colours = (): NodeJS.ProcessEnv => (process.stdout.isTTY ? { FORCE_COLOR: '1' } : {});

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const readReport = async (): Promise<readonly TestFile[] | undefined> => {
  try {
    const { testResults } = JSON.parse(await readFile(reportFile, 'utf8')) as Report;
    return testResults.map(({ name, status, assertionResults }) => ({
      name,
      failed: status === 'failed',
      tests: assertionResults.map(({ fullName, status: outcome }) => ({
        name: fullName,
        outcome: outcome === 'passed' || outcome === 'failed' ? outcome : 'skipped',
      })),
    }));
  } catch {
    process.stdout.write('The test runner left no report: it ended before its last test.\n');
    return undefined;
  }
};

const endLeft = async (mark: string): Promise<readonly LeftProcess[]> => {
  const left = await leftProcesses(mark);
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended meanwhile
    }
  }
  return left;
};

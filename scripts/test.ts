// `npm test`: sets up what is missing (dependencies: with-node.mjs; Docker and base images: here), runs the checks and
// every test, and closes with `N passed, N failed`. Arguments go to vitest (a file name, -t …) and leave out the checks.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkNames, runCheck } from './checks.ts';
import type { DockerState } from './ensure-docker.ts';
import { ensureDocker, makeBaseImages } from './ensure-docker.ts';
import { leftProcesses } from './left-processes.ts';

const reportFile = join('node_modules', '.vitest-report.json');

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const ensureDockerWithBases = async (): Promise<DockerState> => {
  const docker = await ensureDocker();
  const missing = docker.answers ? await makeBaseImages() : undefined;
  return missing === undefined ? docker : { answers: false, reason: missing };
};

const runChecks = async (): Promise<Counts> => {
  let failed = 0;
  for (const name of checkNames) {
    const result = await runCheck(name);
    say(`${result.ok ? ' ✓' : ' ✗'} check: ${name}`);
    if (!result.ok) {
      failed += 1;
      say(result.output);
    }
  }
  return { passed: checkNames.length - failed, failed, skipped: 0 };
};

/** Beyond this something hangs that no test's own limit ended. */
const limitMs = 25 * 60_000;
const endsWithinMs = 20_000;
const restMs = 2_000;

const runTests = async (filters: readonly string[], hasDocker: boolean): Promise<Counts> => {
  await rm(reportFile, { force: true });
  const withoutDocker = hasDocker ? [] : ['--exclude', '**/*.docker.test.ts'];
  const run = `POINTSMAN_TEST_RUN=${randomUUID()}`;
  const exitCode = await runVitest([...withoutDocker, ...filters], run);
  const report = await readReport();
  // Errors outside tests (an unhandled rejection, a file that can't load) fail the run without failing a test.
  const failed = report.numFailedTests === 0 && exitCode !== 0 ? 1 : report.numFailedTests;
  const tidy = await checkNothingLeft(run);
  return {
    passed: report.numPassedTests + (tidy ? 1 : 0),
    failed: failed + (tidy ? 0 : 1),
    skipped: report.numPendingTests,
  };
};

/**
 * Vitest waits for what a test left behind, which may never end: it inherited its output. So once the report is
 * written, it has to end soon; and through pipes of ours nobody's leftovers hold our caller's output open.
 */
const runVitest = async (args: readonly string[], run: string): Promise<number | null> => {
  const [name = '', value = ''] = run.split('=');
  const vitest = spawn(
    'vitest',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...colours(), [name]: value } },
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
  return exitCode;
};

const colours = (): NodeJS.ProcessEnv => (process.stdout.isTTY ? { FORCE_COLOR: '1' } : {});

const checkNothingLeft = async (run: string): Promise<boolean> => {
  const left = await leftProcesses(run);
  say(`${left.length === 0 ? ' ✓' : ' ✗'} check: tests leave no process behind`);
  for (const { pid, command } of left) {
    say(`   ${pid} ${command}`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended meanwhile
    }
  }
  return left.length === 0;
};

const readReport = async (): Promise<{ numPassedTests: number; numFailedTests: number; numPendingTests: number }> => {
  try {
    return JSON.parse(await readFile(reportFile, 'utf8'));
  } catch {
    say('The test runner left no report: it ended before its first test.');
    return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 };
  }
};

const filters = process.argv.slice(2);
const docker = await ensureDockerWithBases();
say(
  docker.answers
    ? `Docker ${docker.version} answers: all tests run.`
    : `No Docker (${docker.reason}): tests that need it are left out.`,
);
const checks = filters.length === 0 ? await runChecks() : { passed: 0, failed: 0, skipped: 0 };
const tests = await runTests(filters, docker.answers);
const passed = checks.passed + tests.passed;
const failed = checks.failed + tests.failed;
say(`${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`);
// At once: whatever still holds vitest's output must not keep this process.
process.exit(failed === 0 ? 0 : 1);

// `npm test`: sets up what is missing (dependencies: with-node.mjs; Docker, base images and other people's programs: here),
// runs the checks and every test, and closes with `N passed, N failed`. Arguments go to vitest (a file name, -t …) and
// leave out the checks.
import { relative } from 'node:path';
import { execa } from 'execa';
import { checkNames, runCheck } from './checks.ts';
import type { DockerState } from './ensure-docker.ts';
import { ensureDocker, makeBaseImages } from './ensure-docker.ts';
import { runVitest } from './vitest-run.ts';
import type { TestFile, VitestRun } from './vitest-run.ts';

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

/** What of it can't be had is said, and the tests that need it are left out. */
const installTestPrograms = async (): Promise<void> => {
  await execa('bash', ['scripts/test-programs.sh'], { stdout: process.stderr, stderr: process.stderr, reject: false });
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

/** More failed files than this are no accident of a busy machine. */
const mostRunAgain = 6;

const runTests = async (filters: readonly string[], hasDocker: boolean): Promise<Counts> => {
  const withoutDocker = hasDocker ? [] : ['--exclude', '**/*.docker.test.ts'];
  const run = await runVitest([...withoutDocker, ...filters]);
  const failed = run.files.filter((file) => file.failed);
  if (filters.length > 0 || run.broke || failed.length === 0 || failed.length > mostRunAgain) return countsOf(run);
  return countsOf(await runAgainAlone(run, failed));
};

/** What failed beside other tests has one more try with the machine to itself; which tests needed it is said. */
const runAgainAlone = async (run: VitestRun, failed: readonly TestFile[]): Promise<VitestRun> => {
  const names = failed.map(({ name }) => relative(process.cwd(), name));
  say(`\nFailed beside other tests, run once more alone: ${names.join(', ')}`);
  const again = await runVitest(['--no-file-parallelism', ...names]);
  const needed = failed.flatMap(({ tests }) => tests.filter(({ outcome }) => outcome === 'failed'));
  say(`Needed a second run: ${needed.map(({ name }) => name).join(' · ') || 'the set-up of a file'}`);
  return {
    files: [...run.files.filter((file) => !file.failed), ...again.files],
    broke: again.broke || again.files.length < failed.length,
    left: again.left,
  };
};

const countsOf = ({ files, broke, left }: VitestRun): Counts => {
  say(`${left.length === 0 ? ' ✓' : ' ✗'} check: tests leave no process behind`);
  for (const { pid, command } of left) say(`   ${pid} ${command}`);
  const tests = files.flatMap((file) => file.tests);
  const number = (wanted: string): number => tests.filter(({ outcome }) => outcome === wanted).length;
  // A file can fail before any of its tests does.
  const failedWhole = files.filter((file) => file.failed && !file.tests.some(({ outcome }) => outcome === 'failed'));
  const tidy = left.length === 0;
  return {
    passed: number('passed') + (tidy ? 1 : 0),
    failed: number('failed') + failedWhole.length + (broke ? 1 : 0) + (tidy ? 0 : 1),
    skipped: number('skipped'),
  };
};

const filters = process.argv.slice(2);
const docker = await ensureDockerWithBases();
if (filters.length === 0) await installTestPrograms();
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

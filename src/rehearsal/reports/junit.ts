import type { RehearsalReport, VariantRun } from '../../model/index.ts';
import { candidateOf } from '../verdict.ts';
import { lossText } from './losses.ts';
import { escapeMarkup } from './markup.ts';
import { budgetLabel, budgetValue } from './words.ts';

interface TestCase {
  readonly name: string;
  /** Why it failed; undefined when it passed. */
  readonly problem: string | undefined;
}

/**
 * For CI: a suite per variant, a test case for its deploy and for each budget. Only the candidate can fail: the other
 * variants are there to compare with, so what they miss is shown as skipped.
 */
export const junitReport = (report: RehearsalReport): string => {
  const candidate = candidateOf(report.runs);
  const failures =
    candidate === undefined ? 0 : testCases(candidate).filter(({ problem }) => problem !== undefined).length;
  const tests = report.runs.reduce((count, run) => count + testCases(run).length, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapeMarkup(`rehearsal ${report.rehearsal}`)}" tests="${tests}" failures="${failures}">`,
    ...report.runs.flatMap((run) => suite(report, run, run === candidate)),
    '</testsuites>',
    '',
  ].join('\n');
};

const suite = ({ rehearsal, startedAt }: RehearsalReport, run: VariantRun, isCandidate: boolean): readonly string[] => {
  const cases = testCases(run);
  const missed = cases.filter(({ problem }) => problem !== undefined).length;
  const counts = `tests="${cases.length}" failures="${isCandidate ? missed : 0}" skipped="${isCandidate ? 0 : missed}"`;
  const seconds = `time="${(run.deploy.durationMs / 1000).toFixed(3)}"`;
  const timestamp = `timestamp="${new Date(startedAt).toISOString()}"`;
  const className = escapeMarkup(`${rehearsal}.${run.variant}`);
  return [
    `  <testsuite name="${className}" ${counts} ${seconds} ${timestamp}>`,
    ...cases.flatMap((testCase) => caseLines(testCase, className, isCandidate)),
    `    <system-out>${escapeMarkup(lossText(run))}</system-out>`,
    '  </testsuite>',
  ];
};

const caseLines = ({ name, problem }: TestCase, className: string, isCandidate: boolean): readonly string[] => {
  const start = `    <testcase classname="${className}" name="${escapeMarkup(name)}"`;
  if (problem === undefined) return [`${start}/>`];
  const message = escapeMarkup(isCandidate ? problem : `for comparison only: ${problem}`);
  return [`${start}>`, `      <${isCandidate ? 'failure' : 'skipped'} message="${message}"/>`, '    </testcase>'];
};

const testCases = ({ deploy, budgets }: VariantRun): readonly TestCase[] => [
  { name: 'deploy', problem: deploy.result === 'completed' ? undefined : (deploy.message ?? 'the deploy failed') },
  ...budgets.map(({ name, limit, actual, ok }) => ({
    name: budgetLabel(name),
    problem: ok ? undefined : `${budgetValue(name, actual)}, budget ${budgetValue(name, limit)}`,
  })),
];

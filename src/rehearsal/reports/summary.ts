import type { VariantRun, WorkloadResult } from '../../model/index.ts';
import { budgetLabel, budgetValue, countText, durationText } from './words.ts';

export interface SummaryCell {
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad';
}

/** One line of the comparison: a label and one cell per run. Table, Markdown and HTML show the same rows. */
export interface SummaryRow {
  /** 0: heads a group; 1: belongs to it; 2: details the row above. */
  readonly level: 0 | 1 | 2;
  readonly label: string;
  readonly cells: readonly SummaryCell[];
}

export const summaryRows = (runs: readonly VariantRun[]): readonly SummaryRow[] => {
  const names = [...new Set(runs.flatMap(({ workloads }) => Object.keys(workloads)))];
  return [
    ...names.flatMap((name) => workloadRows(name, runs)),
    { level: 0, label: 'deploy', cells: runs.map(deployCell) },
    ...budgetRows(runs),
    { level: 0, label: 'verdict', cells: runs.map(verdictCell) },
  ];
};

const workloadRows = (name: string, runs: readonly VariantRun[]): readonly SummaryRow[] => {
  const results = runs.map(({ workloads }) => workloads[name]);
  const kind = results.find((result) => result !== undefined)?.kind ?? 'http';
  const row = (label: string, cell: (result: WorkloadResult) => SummaryCell): SummaryRow => ({
    level: 1,
    label,
    cells: results.map((result) => (result === undefined ? plain('') : cell(result))),
  });
  const rows = [{ level: 0 as const, label: `${name} (${kind})`, cells: runs.map(() => plain('')) }];
  switch (kind) {
    case 'http':
      return [...rows, ...requestRows(row, results, ['sent', 'failed']), latencyRow(row)];
    case 'sse':
      return [...rows, ...requestRows(row, results, ['connections', 'failed']), ...streamRows(row)];
    case 'jobs':
      return [...rows, ...requestRows(row, results, ['enqueued', 'not accepted']), ...jobRows(row)];
  }
};

type MakeRow = (label: string, cell: (result: WorkloadResult) => SummaryCell) => SummaryRow;

const requestRows = (
  row: MakeRow,
  results: readonly (WorkloadResult | undefined)[],
  [sent, failed]: readonly [string, string],
): readonly SummaryRow[] => [
  row(sent, (result) => plain(countText(result.sent))),
  row(failed, (result) => zeroIsGood(result.failed)),
  ...causeRows(row, results),
  row('longest outage', ({ longestOutageMs }) => ({
    ...zeroIsGood(longestOutageMs),
    text: durationText(longestOutageMs),
  })),
];

const latencyRow = (row: MakeRow): SummaryRow =>
  row('p50/p99/max ms', ({ latencyMs: { p50, p99, max } }) => plain([p50, p99, max].map(latencyText).join('/')));

const causeRows = (row: MakeRow, results: readonly (WorkloadResult | undefined)[]): readonly SummaryRow[] => {
  const causes = [...new Set(results.flatMap((result) => Object.keys(result?.failures ?? {})))].toSorted();
  return causes.map((cause) => ({
    ...row(cause, ({ failures }) => plain(failures[cause] === undefined ? '' : countText(failures[cause]))),
    level: 2,
  }));
};

const streamRows = (row: MakeRow): readonly SummaryRow[] => [
  row('streams dropped', ({ streams }) => zeroIsGood(streams?.dropped ?? 0)),
  row('resumed cleanly', ({ streams }) => plain(countText(streams?.resumed ?? 0))),
  row('events lost', ({ streams }) => zeroIsGood(streams?.eventsLost ?? 0)),
  row('longest gap', ({ streams }) => plain(durationText(streams?.longestGapMs ?? 0))),
];

const jobRows = (row: MakeRow): readonly SummaryRow[] => [
  row('done', ({ jobs }) => plain(countText(jobs?.done ?? 0))),
  row('failed by the app', ({ jobs }) => plain(countText(jobs?.failed ?? 0))),
  row('abandoned', ({ jobs }) => zeroIsGood(jobs?.abandoned ?? 0)),
];

const budgetRows = (runs: readonly VariantRun[]): readonly SummaryRow[] => {
  const [first] = runs;
  if (first === undefined || first.budgets.length === 0) return [];
  return [
    { level: 0, label: 'budgets', cells: runs.map(() => plain('')) },
    ...first.budgets.map(({ name, limit }) => ({
      level: 1 as const,
      label: `${budgetLabel(name)} ≤ ${budgetValue(name, limit)}`,
      cells: runs.map(({ budgets }) => {
        const budget = budgets.find((candidate) => candidate.name === name);
        if (budget === undefined) return plain('');
        const text = budgetValue(name, budget.actual);
        return budget.ok ? { text: `${text} ✓`, tone: 'good' as const } : { text: `${text} ✗`, tone: 'bad' as const };
      }),
    })),
  ];
};

const deployCell = ({ deploy }: VariantRun): SummaryCell => {
  const text = durationText(deploy.durationMs);
  return deploy.result === 'completed' ? plain(text) : { text: `failed ${text}`, tone: 'bad' };
};

const verdictCell = ({ verdict }: VariantRun): SummaryCell =>
  verdict === 'pass' ? { text: 'PASS', tone: 'good' } : { text: 'FAIL', tone: 'bad' };

const plain = (text: string): SummaryCell => ({ text, tone: 'plain' });

const zeroIsGood = (count: number): SummaryCell => ({ text: countText(count), tone: count === 0 ? 'good' : 'bad' });

const latencyText = (milliseconds: number): string =>
  milliseconds < 10 ? String(milliseconds) : countText(Math.round(milliseconds));

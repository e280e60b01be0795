import type { RehearsalReport, VariantRun } from '../../model/index.ts';
import { candidateOf } from '../verdict.ts';
import { lossText } from './losses.ts';
import { summaryRows } from './summary.ts';
import type { SummaryRow } from './summary.ts';
import { plotLegend, plotLines } from './timeline-plot.ts';
import { title, verdictReason } from './words.ts';

const plotWidth = 72;

/** For a CI job's summary or a pull request. */
export const markdownReport = (report: RehearsalReport): string => {
  const candidate = candidateOf(report.runs);
  const reason = candidate === undefined ? '' : ` — \`${candidate.variant}\`: ${escapeCell(verdictReason(candidate))}`;
  return [
    `### ${report.verdict === 'pass' ? '✅ PASS' : '❌ FAIL'}${reason}`,
    '',
    `${escapeCell(title(report))}.`,
    '',
    tableLine(['', ...report.runs.map(({ variant }) => escapeCell(variant))]),
    tableLine(['---', ...report.runs.map(() => '---:')]),
    ...summaryRows(report.runs).map(rowLine),
    '',
    ...report.runs.flatMap(picture),
  ].join('\n');
};

const rowLine = ({ level, label, cells }: SummaryRow): string => {
  const text = escapeCell(label);
  const indented = level === 0 ? `**${text}**` : '&nbsp;'.repeat(level * 2) + text;
  return tableLine([indented, ...cells.map(({ text: cell, tone }) => (tone === 'bad' ? `**${cell}**` : cell))]);
};

const picture = (run: VariantRun): readonly string[] => {
  const lines = plotLines(run, plotWidth);
  const labelWidth = Math.max(...lines.map(({ label }) => label.length)) + 2;
  return [
    `**${escapeCell(run.variant)}** — ${escapeCell(lossText(run))}`,
    '',
    '```text',
    ...lines.map(({ label, text }) => `${label.padEnd(labelWidth)}${text}`.trimEnd()),
    plotLegend,
    '```',
    '',
  ];
};

const tableLine = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A deploy's message may hold anything, line ends and pipes included. */
const escapeCell = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/[\\|*_<>`[\]]/g, String.raw`\$&`);

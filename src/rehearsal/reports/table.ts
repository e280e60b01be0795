import picocolors from 'picocolors';
import type { RehearsalReport, VariantRun } from '../../model/index.ts';
import { candidateOf } from '../verdict.ts';
import { phaseLosses } from './losses.ts';
import { summaryRows } from './summary.ts';
import type { SummaryCell, SummaryRow } from './summary.ts';
import { allFailed, plotLegend, plotLines, someFailed } from './timeline-plot.ts';
import type { PlotLine } from './timeline-plot.ts';
import { title, verdictReason } from './words.ts';

export interface TableOptions {
  /** Characters in a line of the terminal. */
  readonly width: number;
  readonly colour: boolean;
}

type Paint = ReturnType<typeof picocolors.createColors>;

/** For people at a terminal: the comparison, a picture of each run over time, and the verdict as the last line. */
export const tableReport = (report: RehearsalReport, options: TableOptions): string => {
  const paint = picocolors.createColors(options.colour);
  const width = Math.max(options.width, 60);
  return [
    paint.bold(title(report)),
    '',
    ...comparison(report.runs, width, paint),
    ...report.runs.flatMap((run) => ['', ...picture(run, width, paint)]),
    paint.dim(plotLegend),
    '',
    verdictLine(report, paint),
    '',
  ].join('\n');
};

const comparison = (runs: readonly VariantRun[], width: number, paint: Paint): readonly string[] => {
  const labelWidth = Math.max(...summaryRows(runs).map((row) => labelOf(row).length)) + 2;
  return tablesThatFit(runs, width - labelWidth).flatMap((some, index) => {
    const widths = some.map(columnWidth);
    const heads = some.map(({ variant }, column) => variant.padStart(widths[column] ?? 0));
    return [
      ...(index === 0 ? [] : ['']),
      paint.bold(' '.repeat(labelWidth) + heads.join('')),
      ...summaryRows(some).map((row) => tableLine(row, labelWidth, widths, paint)),
    ];
  });
};

/** When not all variants have room side by side, the rest come in a table below. */
const tablesThatFit = (runs: readonly VariantRun[], room: number): readonly (readonly VariantRun[])[] => {
  const tables: VariantRun[][] = [];
  let left = 0;
  for (const run of runs) {
    const needed = columnWidth(run);
    const table = tables.at(-1);
    if (table === undefined || needed > left) {
      tables.push([run]);
      left = room - needed;
    } else {
      table.push(run);
      left -= needed;
    }
  }
  return tables;
};

const columnWidth = (run: VariantRun): number => {
  const texts = summaryRows([run]).map(({ cells: [cell] }) => cell?.text.length ?? 0);
  return Math.max(run.variant.length, ...texts) + 2;
};

const labelOf = ({ level, label }: SummaryRow): string => '  '.repeat(level) + label;

const tableLine = (row: SummaryRow, labelWidth: number, widths: readonly number[], paint: Paint): string => {
  const label = labelOf(row).padEnd(labelWidth);
  const cells = row.cells.map((cell, column) => toned(cell, cell.text.padStart(widths[column] ?? 0), paint));
  return ((row.level === 0 ? paint.bold(label) : label) + cells.join('')).trimEnd();
};

const toned = ({ tone }: SummaryCell, text: string, paint: Paint): string => {
  switch (tone) {
    case 'good':
      return paint.green(text);
    case 'bad':
      return paint.red(text);
    case 'plain':
      return text;
  }
};

const picture = (run: VariantRun, width: number, paint: Paint): readonly string[] => {
  const labels = plotLines(run, 1).map(({ label }) => label.length);
  const labelWidth = Math.max(...labels, 4) + 4;
  const lines = plotLines(run, Math.min(width, 160) - labelWidth);
  const losses = phaseLosses(run).map(({ phase, lost }) => `  ${paint.red('lost')}  ${phase}: ${lost}`);
  return [
    paint.bold(run.variant),
    ...lines.map((line) => `  ${line.label.padEnd(labelWidth - 2)}${painted(line, paint)}`.trimEnd()),
    ...(losses.length === 0 ? [`  ${paint.green('nothing lost')}`] : losses),
    ...(run.deploy.message === undefined ? [] : [`  ${paint.red('deploy failed')}  ${run.deploy.message}`]),
  ];
};

const painted = ({ kind, text }: PlotLine, paint: Paint): string => {
  if (kind !== 'load') return paint.dim(text);
  return text
    .split(/(x+|X+)/)
    .map((part) => {
      if (part.startsWith(allFailed)) return paint.red(part);
      return part.startsWith(someFailed) ? paint.yellow(part) : paint.green(part);
    })
    .join('');
};

const verdictLine = ({ verdict, runs }: RehearsalReport, paint: Paint): string => {
  const candidate = candidateOf(runs);
  const word = verdict === 'pass' ? paint.green(paint.bold('PASS')) : paint.red(paint.bold('FAIL'));
  return candidate === undefined ? word : `${word}  ${candidate.variant}: ${verdictReason(candidate)}`;
};

import type { RehearsalReport, VariantRun } from '../../model/index.ts';
import { candidateOf } from '../verdict.ts';
import { plotSvg } from './html-plot.ts';
import { pageStyle } from './html-style.ts';
import { phaseLosses } from './losses.ts';
import { escapeMarkup } from './markup.ts';
import { summaryRows } from './summary.ts';
import type { SummaryRow } from './summary.ts';
import { title, verdictReason } from './words.ts';

/** One page that needs nothing else: to keep as a CI artifact, to send around. */
export const htmlReport = (report: RehearsalReport): string => {
  const candidate = candidateOf(report.runs);
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeMarkup(`${report.verdict.toUpperCase()}: rehearsal ${report.rehearsal}`)}</title>`,
    `<style>${pageStyle}</style>`,
    '</head>',
    '<body>',
    `<h1><span class="badge ${report.verdict}">${report.verdict.toUpperCase()}</span> ${escapeMarkup(report.rehearsal)}</h1>`,
    candidate === undefined
      ? ''
      : `<p class="reason"><b>${escapeMarkup(candidate.variant)}</b>: ${escapeMarkup(verdictReason(candidate))}</p>`,
    `<p class="about">${escapeMarkup(title(report))}. ${new Date(report.startedAt).toISOString()}</p>`,
    comparisonTable(report.runs),
    '<p class="legend"><i class="ok"></i> good <i class="failed"></i> failed, over time; the dashed lines are where the deploy began and ended</p>',
    ...report.runs.map(runSection),
    '</body>',
    '</html>',
    '',
  ].join('\n');
};

const comparisonTable = (runs: readonly VariantRun[]): string =>
  [
    '<div class="scroll"><table>',
    `<thead><tr><th></th>${runs.map(({ variant }) => `<th scope="col">${escapeMarkup(variant)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...summaryRows(runs).map(tableRow),
    '</tbody>',
    '</table></div>',
  ].join('\n');

const tableRow = ({ level, label, cells }: SummaryRow): string => {
  const texts = cells.map(({ text, tone }) => `<td class="${tone}">${escapeMarkup(text)}</td>`);
  return `<tr class="level${level}"><th scope="row">${escapeMarkup(label)}</th>${texts.join('')}</tr>`;
};

const runSection = (run: VariantRun): string => {
  const losses = phaseLosses(run).map(
    ({ phase, lost }) => `<li>lost ${escapeMarkup(lost)} <b>(${escapeMarkup(phase)})</b></li>`,
  );
  return [
    '<section>',
    `<h2><span class="badge ${run.verdict}">${run.verdict.toUpperCase()}</span> ${escapeMarkup(run.variant)}</h2>`,
    plotSvg(run),
    `<ul>${losses.length === 0 ? '<li>nothing lost</li>' : losses.join('')}</ul>`,
    run.deploy.message === undefined ? '' : `<pre>${escapeMarkup(run.deploy.message)}</pre>`,
    '</section>',
  ].join('\n');
};

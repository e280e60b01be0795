import type { PhaseSpan, Timeline, VariantRun } from '../../model/index.ts';
import { escapeMarkup } from './markup.ts';
import { runEnd } from './timeline-plot.ts';
import { countText, durationText } from './words.ts';

const width = 1000;
const gutter = 140;
const plotWidth = width - gutter - 10;
const bandHeight = 20;
const laneHeight = 54;
const gap = 10;
/** More columns than this can't be told apart. */
const mostColumns = 430;

/** One picture per run: phases as bands on top, below them a lane per workload, all over the same time. */
export const plotSvg = (run: VariantRun): string => {
  const end = runEnd(run);
  const services = [...new Set(run.phases.map(({ service }) => service))];
  const lanes = Object.entries(run.workloads);
  const lanesTop = services.length * (bandHeight + 3) + gap;
  const lanesBottom = lanesTop + lanes.length * (laneHeight + gap);
  const height = lanesBottom + 18;
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(`${run.variant}: load and phases over time`)}">`,
    ...services.map((service, row) =>
      bandRow(
        service ?? 'run',
        run.phases.filter((span) => span.service === service),
        { end, top: row * (bandHeight + 3) },
      ),
    ),
    ...lanes.map(([name, { kind, timeline }], lane) =>
      laneOf({ name, unit: kind === 'sse' ? 'open' : 'per s', timeline }, end, lanesTop + lane * (laneHeight + gap)),
    ),
    deployMarks(run, end, lanesBottom),
    axis(end, lanesBottom),
    '</svg>',
  ].join('\n');
};

const bandRow = (label: string, spans: readonly PhaseSpan[], { end, top }: { end: number; top: number }): string =>
  [
    gutterText(label, top + 14),
    ...spans.map((span) => {
      const x = xAt(span.start, end);
      const bandWidth = Math.max(xAt(span.end, end) - x, 1);
      const shown = bandWidth > span.name.length * 7 + 6;
      const hover = `${span.service ?? 'run'} ${span.name}: ${durationText(span.end - span.start)}, from ${durationText(span.start)}`;
      return (
        `<g><title>${escapeMarkup(hover)}</title>` +
        `<rect class="band ${escapeMarkup(span.name)}" x="${round(x)}" y="${top}" width="${round(bandWidth)}" height="${bandHeight}" rx="3"/>` +
        (shown ? `<text class="name" x="${round(x + 5)}" y="${top + 14}">${escapeMarkup(span.name)}</text>` : '') +
        '</g>'
      );
    }),
  ].join('\n');

/** Lines down through all lanes where the deploy began and ended. */
const deployMarks = ({ phases }: VariantRun, end: number, bottom: number): string => {
  const deploy = phases.find(({ name, service }) => service === undefined && name === 'deploy');
  if (deploy === undefined) return '';
  const mark = (time: number): string => {
    const x = round(xAt(time, end));
    return `<line class="mark" x1="${x}" x2="${x}" y1="0" y2="${bottom}"/>`;
  };
  return mark(deploy.start) + mark(deploy.end);
};

interface Lane {
  readonly name: string;
  readonly unit: 'per s' | 'open';
  readonly timeline: Timeline;
}

const laneOf = ({ name, unit, timeline }: Lane, end: number, top: number): string => {
  const ok = columns(timeline.ok);
  const failed = columns(timeline.failed);
  const most = Math.max(...ok.map((count, index) => count + (failed[index] ?? 0)), 1e-9);
  const base = top + laneHeight;
  const shape = { base, perUnit: laneHeight / most, columnWidth: xScale(timeline, end) / ok.length };
  const peak = unit === 'open' ? most : (most * 1000) / timeline.bucketMs;
  return [
    gutterText(name, top + 22),
    `<text class="unit" x="0" y="${top + 38}">top: ${countText(Math.round(peak))} ${unit}</text>`,
    `<line class="base" x1="${gutter}" x2="${gutter + plotWidth}" y1="${base}" y2="${base}"/>`,
    `<path class="ok" d="${barsPath(
      ok,
      ok.map(() => 0),
      shape,
    )}"/>`,
    `<path class="failed" d="${barsPath(failed, ok, shape)}"/>`,
  ].join('\n');
};

interface BarShape {
  readonly base: number;
  readonly perUnit: number;
  readonly columnWidth: number;
}

/** One path for all bars of a lane; `below`: what each stands on. What failed is never thinner than can be seen. */
const barsPath = (counts: readonly number[], below: readonly number[], shape: BarShape): string =>
  counts
    .map((count, index) => {
      if (count === 0) return '';
      const height = Math.max(count * shape.perUnit, 2);
      const bottom = Math.max(shape.base - (below[index] ?? 0) * shape.perUnit, shape.base - laneHeight + height);
      const x = gutter + index * shape.columnWidth;
      // The last bucket may reach beyond the end of the load.
      const wide = Math.min(shape.columnWidth, gutter + plotWidth - x);
      return `M${round(x)} ${round(bottom)}v-${round(height)}h${round(wide)}v${round(height)}z`;
    })
    .join('');

/** Means of neighbouring buckets when there are too many. */
const columns = (buckets: readonly number[]): readonly number[] => {
  const each = Math.ceil(buckets.length / mostColumns);
  return Array.from({ length: Math.ceil(buckets.length / each) }, (_, column) => {
    const some = buckets.slice(column * each, (column + 1) * each);
    return some.reduce((sum, count) => sum + count, 0) / each;
  });
};

const axis = (end: number, top: number): string => {
  const step =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((seconds) => end / 1000 / seconds <= 12) ?? 7200;
  const ticks = Array.from({ length: Math.floor(end / 1000 / step) + 1 }, (_, index) => index * step);
  return ticks
    .map((seconds) => {
      const x = xAt(seconds * 1000, end);
      // The last label would stick out on the right.
      const anchor = x > width - 30 ? ' text-anchor="end"' : '';
      return `<text class="tick" x="${round(x)}" y="${top + 12}"${anchor}>${seconds} s</text>`;
    })
    .join('');
};

const gutterText = (text: string, y: number): string => {
  const shown = text.length > 18 ? `${text.slice(0, 17)}…` : text;
  return `<text class="label" x="0" y="${y}">${escapeMarkup(shown)}<title>${escapeMarkup(text)}</title></text>`;
};

const xAt = (time: number, end: number): number => gutter + (time / end) * plotWidth;

const xScale = ({ ok, bucketMs }: Timeline, end: number): number => ((ok.length * bucketMs) / end) * plotWidth;

const round = (value: number): number => Math.round(value * 10) / 10;

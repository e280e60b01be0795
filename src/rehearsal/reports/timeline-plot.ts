import type { PhaseSpan, Timeline, VariantRun } from '../../model/index.ts';
import { durationText } from './words.ts';

/** One line of a variant's picture over time, in exactly `width` characters. */
export interface PlotLine {
  readonly kind: 'load' | 'phases' | 'axis';
  readonly label: string;
  readonly text: string;
}

const bars = '▁▂▃▄▅▆▇';
/** Some, or all, of what began then failed. */
export const someFailed = 'x';
export const allFailed = 'X';
export const plotLegend = `▇ good (height: how much)   ${someFailed} some failed   ${allFailed} all failed`;

/** The load of every workload, below it the phases of the run and of each service's rollout: what was lost stands above its cause. */
export const plotLines = (run: VariantRun, width: number): readonly PlotLine[] => {
  const end = runEnd(run);
  const services = [...new Set(run.phases.map(({ service }) => service))];
  return [
    ...Object.entries(run.workloads).map(([label, { timeline }]) => ({
      kind: 'load' as const,
      label,
      text: loadLine(timeline, end, width),
    })),
    ...services.map((service) => ({
      kind: 'phases' as const,
      label: service ?? 'run',
      text: phaseLine(
        run.phases.filter((span) => span.service === service),
        end,
        width,
      ),
    })),
    { kind: 'axis', label: '', text: axisLine(end, width) },
  ];
};

/** When the run's load ended. */
export const runEnd = ({ phases }: VariantRun): number => Math.max(1, ...phases.map(({ end }) => end));

const loadLine = ({ ok, failed, bucketMs }: Timeline, end: number, width: number): string => {
  const columnMs = end / width;
  const perColumn = (buckets: readonly number[]): readonly number[] =>
    Array.from({ length: width }, (_, column) =>
      meanDuring(buckets, (column * columnMs) / bucketMs, columnMs / bucketMs),
    );
  const goods = perColumn(ok);
  const bad = perColumn(failed);
  const most = Math.max(...goods, 1e-9);
  return goods
    .map((good, column) => {
      const broken = bad[column] ?? 0;
      if (broken > 0) return good > 0 ? someFailed : allFailed;
      if (good === 0) return ' ';
      return bars[Math.min(Math.ceil((good / most) * bars.length), bars.length) - 1];
    })
    .join('');
};

/** The mean of the buckets in a stretch of time, both counted in buckets; of a shorter stretch, the bucket it begins in. */
const meanDuring = (buckets: readonly number[], start: number, length: number): number => {
  const from = Math.floor(start);
  const inside = buckets.slice(from, Math.max(from + 1, Math.floor(start + length)));
  return inside.length === 0 ? 0 : inside.reduce((sum, count) => sum + count, 0) / inside.length;
};

/** `│` where a phase begins, then as much of its name as there is room for. */
const phaseLine = (spans: readonly PhaseSpan[], end: number, width: number): string => {
  const line = new Array<string>(width).fill(' ');
  const at = (time: number): number => Math.min(Math.round((time / end) * width), width);
  for (const { name, start, end: spanEnd } of spans) {
    const from = at(start);
    const label = `│${name}`.padEnd(at(spanEnd) - from, '·').slice(0, at(spanEnd) - from);
    for (const [offset, character] of label.split('').entries()) line[from + offset] = character;
  }
  return line.join('');
};

const axisLine = (end: number, width: number): string => {
  const last = durationText(end);
  return `0 s${last.padStart(width - 3)}`;
};

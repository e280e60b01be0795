/** The middle one. */
export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;

/** How far the turns of one contender lie apart, as part of the median: 0.10 is ±5 %. */
export const spread = (numbers: readonly number[]): number =>
  numbers.length < 2 ? 0 : (Math.max(...numbers) - Math.min(...numbers)) / Math.max(median(numbers), 1e-9);

/** Of turns of the same round: what disturbs the machine for longer than a turn disturbs both. */
export const ratio = (own: readonly number[], base: readonly number[]): number | undefined =>
  base.length === 0 ? undefined : median(own.map((value, round) => value / (base[round] ?? value)));

/** The value below which this part of the sorted numbers lies. */
export const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** A goal of the project and whether this run reached it; undefined when what it compares with is absent. */
export interface Target {
  readonly name: string;
  readonly goal: string;
  readonly value: number | undefined;
  readonly ok: boolean | undefined;
}

export const atLeast = (name: string, limit: number, value: number | undefined): Target => ({
  name,
  goal: `≥ ${limit}`,
  value,
  ok: value === undefined ? undefined : value >= limit,
});

export const atMost = (name: string, limit: number, value: number | undefined): Target => ({
  name,
  goal: `≤ ${limit}`,
  value,
  ok: value === undefined ? undefined : value <= limit,
});

/** A table in Markdown, so that what a run prints can go into a document as it is. */
export const table = (
  heads: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string => {
  const cells = [heads, ...rows].map((row) => row.map(shown));
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(row[column] ?? '', width, column)).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => `${'-'.repeat(width + 1)}${column === 0 ? '-' : ':'}`).join('|')}|`;
  const [head = [], ...body] = cells;
  return [line(head), rule, ...body.map(line)].join('\n');
};

export const targetTable = (targets: readonly Target[]): string =>
  table(
    ['target', 'goal', 'measured', 'reached'],
    targets.map(({ name, goal, value, ok }) => [
      name,
      goal,
      value,
      ok === undefined ? 'not measured' : ok ? 'yes' : 'NO',
    ]),
  );

const pad = (text: string, width: number, column: number): string =>
  column === 0 ? text.padEnd(width) : text.padStart(width);

const shown = (cell: string | number | undefined): string => {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  if (Math.abs(cell) >= 1_000) return Math.round(cell).toLocaleString('en');
  return Number.isInteger(cell) ? String(cell) : cell.toFixed(Math.abs(cell) >= 100 ? 0 : 2);
};

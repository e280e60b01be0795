import type { RehearsalReport } from '../../model/index.ts';

/** Exactly the report. Lists of numbers stay on one line, so that a person can read the rest (a text holds no raw line end: none is touched). */
export const jsonReport = (report: RehearsalReport): string =>
  `${JSON.stringify(report, undefined, 2).replaceAll(/\[\n[\s\d,.-]+\]/g, (numbers) => numbers.replaceAll(/\s+/g, ''))}\n`;

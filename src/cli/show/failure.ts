import { isAbsolute, relative } from 'node:path';
import type { ErrorReport, SourceLocation } from '../../model/index.ts';
import type { Colours } from '../output.ts';

/** An error as people read it: what, where, the failing thing's own words, what to do. Several problems: all of them. */
export const failureText = (report: ErrorReport, colours: Colours, cwd: string): string => {
  const problems = report.problems ?? [];
  const single = problems.flatMap((problem) => leaves(problem));
  if (single.length === 0) return oneFailure(report, colours, cwd).join('\n');
  const lines = single.flatMap((problem) => oneFailure(problem, colours, cwd));
  return [...lines, colours.bold(report.message)].join('\n');
};

const leaves = (report: ErrorReport): readonly ErrorReport[] =>
  report.problems === undefined || report.problems.length === 0 ? [report] : report.problems.flatMap(leaves);

const oneFailure = (report: ErrorReport, colours: Colours, cwd: string): readonly string[] => [
  `${colours.red(colours.bold(`error ${report.code}:`))} ${report.message}`,
  ...(report.where === undefined ? [] : [`  at ${placeText(report.where, cwd)}`]),
  ...(report.output ?? []).map((line) => `  ${colours.dim('|')} ${line}`),
  ...(report.fix === undefined ? [] : [`  ${colours.cyan('fix:')} ${report.fix}`]),
];

/** `file:line:column`, relative where that is shorter: terminals and editors make a link of it. */
export const placeText = (where: SourceLocation, cwd: string): string => {
  const path = relative(cwd, where.file);
  const file = isAbsolute(where.file) && !path.startsWith('..') ? path : where.file;
  return `${file}:${where.line}:${where.column}`;
};

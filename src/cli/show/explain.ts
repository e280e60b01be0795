import type { ValueSource } from '../../model/index.ts';
import type { ExplainReport } from '../../protocol/index.ts';
import type { Colours } from '../output.ts';
import { placeText } from './failure.ts';
import { table } from './table.ts';

/** One line per value with its winner; the losers below it. */
export const explainText = (report: ExplainReport, colours: Colours, cwd: string): string => {
  const rows = Object.entries(report.values).flatMap(([path, origin]) => [
    [colours.bold(path), valueText(origin.value), sourceText(origin.source, cwd)],
    ...origin.overrode.map((loser) => [
      colours.dim('  overrode'),
      colours.dim(valueText(loser.value)),
      colours.dim(sourceText(loser.source, cwd)),
    ]),
  ]);
  const notes = report.notes.map((note) => `${colours.yellow('note:')} ${note}`);
  return [...table(['VALUE OF', 'IS', 'SAID BY'].map(colours.dim), rows), ...notes].join('\n');
};

const longest = 60;

const valueText = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '-');
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
};

const sourceText = (source: ValueSource, cwd: string): string => {
  switch (source.kind) {
    case 'manifest':
    case 'config-file':
      return `${source.kind === 'manifest' ? 'manifest' : 'config file'} ${placeText(source.where, cwd)}`;
    case 'environment':
      return `environment override ${placeText(source.where, cwd)}`;
    case 'command':
      return 'the command line';
    case 'platform':
      return `platform ${source.platform}: ${source.source}`;
    case 'default':
      return "Pointsman's default";
  }
};

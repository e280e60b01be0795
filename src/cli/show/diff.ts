import type { Difference } from '../../model/index.ts';
import type { DiffReport } from '../../protocol/index.ts';
import type { Colours } from '../output.ts';
import { oneLine } from '../terminal/clip.ts';

export const diffText = ({ from, to, services }: DiffReport, colours: Colours): string => {
  if (services.every(({ differences }) => differences.length === 0)) return `no difference between ${from} and ${to}`;
  return services
    .flatMap((each) => [
      `${colours.bold(each.service)}  ${revisionText(each.from)} → ${revisionText(each.to)}`,
      ...each.differences.map((difference) => `  ${differenceText(difference, colours)}`),
    ])
    .join('\n');
};

const revisionText = (number: number | undefined): string => (number === undefined ? 'not there' : `r${number}`);

const differenceText = ({ path, before, after }: Difference, colours: Colours): string => {
  if (before === undefined) return colours.green(`+ ${path}: ${oneLine(after ?? '')}`);
  if (after === undefined) return colours.red(`- ${path}: ${oneLine(before)}`);
  return `${colours.yellow('~')} ${path}: ${oneLine(before)} → ${oneLine(after)}`;
};

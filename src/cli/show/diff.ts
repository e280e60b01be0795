import type { Difference } from '../../model/index.ts';
import type { DiffReport } from '../../protocol/index.ts';
import type { Colours } from '../output.ts';
import { oneLine } from '../terminal/clip.ts';

export const diffText = ({ from, to, services }: DiffReport, colours: Colours): string => {
  if (services.every(({ differences }) => differences.length === 0)) return `no difference between ${from} and ${to}`;
  return services
    .flatMap((each) => [
      `${colours.bold(each.service)}  ${revisionText(each.from)} → ${revisionText(each.to)}`,
      ...worthSaying(each).map((difference) => `  ${differenceText(difference, colours)}`),
    ])
    .join('\n');
};

/** A service that is new or gone differs in everything: what the platform adds to each is no news then. */
const worthSaying = ({ from, to, differences }: DiffReport['services'][number]): readonly Difference[] =>
  from !== undefined && to !== undefined
    ? differences
    : differences.filter(({ path }) => !/^(policy\.|source\.|variables\.RAILWAY_)/.test(path));

const revisionText = (number: number | undefined): string => (number === undefined ? 'not there' : `r${number}`);

const differenceText = ({ path, before, after }: Difference, colours: Colours): string => {
  if (before === undefined) return colours.green(`+ ${path}: ${oneLine(after ?? '')}`);
  if (after === undefined) return colours.red(`- ${path}: ${oneLine(before)}`);
  return `${colours.yellow('~')} ${path}: ${oneLine(before)} → ${oneLine(after)}`;
};

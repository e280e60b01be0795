import { PointsmanError } from '../../model/index.ts';
import type { DiffRequest } from '../../protocol/index.ts';
import type { AddVerb } from '../session.ts';
import { diffText } from '../show/diff.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly releases?: boolean;
}

export const addDiff: AddVerb = (program, runner) => {
  program
    .command('diff')
    .summary('what two revisions of a service, or two releases, differ in')
    .description('Compares value by value: image, configuration, rules, variables. Secrets are masked.')
    .usage('[options] <service> [from] [to]  |  --releases [from] [to]')
    .argument('[words...]', 'a service, and two revisions; default: the active one and the one before')
    .option('--releases', 'compare what ran at the end of two releases; default: the newest two')
    .action((words: string[], options: Options, command) =>
      runner.run(command, async ({ client, output, signal }) => {
        const report = await client.diff(diffRequest(words, options), signal);
        if (output.wantsJson) output.json(report);
        else output.print(diffText(report, output.colours));
      }),
    );
};

const diffRequest = (words: readonly string[], { releases }: Options): DiffRequest => {
  const [service, ...numbers] = releases === true ? [undefined, ...words] : [words[0], ...words.slice(1)];
  if ((service === undefined && releases !== true) || numbers.length > 2) {
    throw new PointsmanError('USAGE', {
      message: 'diff compares two revisions of one service, or two releases.',
      fix: 'pointsman diff web 3 5, or pointsman diff --releases 3 5.',
    });
  }
  const [from, to] = numbers.map((given) => wholeNumber(given.replace(/^r/, ''), { least: 1, what: 'number' }));
  return {
    ...(service !== undefined && { service }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
};

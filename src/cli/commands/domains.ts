import type { AddVerb } from '../session.ts';
import { environmentsText } from '../show/environments.ts';

export const addDomains: AddVerb = (program, runner) => {
  const domains = program
    .command('domains')
    .summary('which environment answers which domains')
    .description('Moves public domains between environments.');
  domains
    .command('swap')
    .summary('exchange the domains of two environments, at once and reversibly')
    .description(
      'From one route table to the next every domain of one environment is answered by the same service of the other. Returns when every worker of the proxy has acknowledged it; the same command swaps them back.',
    )
    .argument('<one>')
    .argument('<other>')
    .action((one: string, other: string, _options, command) =>
      runner.run(command, async ({ client, output, signal }) => {
        const report = await client.swapDomains({ between: [one, other] }, signal);
        if (output.wantsJson) return output.json(report);
        output.print(environmentsText(report.environments, output.colours));
        output.note(`swapped with route table ${report.generation}; the same command swaps them back`);
      }),
    );
};

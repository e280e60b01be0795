import type { EnvironmentReport } from '../../protocol/index.ts';
import type { AddVerb } from '../session.ts';
import { environmentsText } from '../show/environments.ts';

export const addEnvironments: AddVerb = (program, runner) => {
  program
    .command('environments')
    .summary('the environments that are up, and where they are reached')
    .description('Lists the environments of this project that are up side by side behind one proxy.')
    .action((_options, command) =>
      runner.run(command, async ({ client, output, signal }) => {
        const environments: readonly EnvironmentReport[] = await client.environments(signal);
        if (output.wantsJson) output.json(environments);
        else output.print(environmentsText(environments, output.colours));
      }),
    );
};

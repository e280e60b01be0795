import { followDeploy } from '../progress/index.ts';
import type { AddVerb } from '../session.ts';
import { watching } from './watching.ts';

export const addRestart: AddVerb = (program, runner) => {
  program
    .command('restart')
    .summary('replace the replicas of a service by new ones of the same revision')
    .description('Replaces every replica of a service by its own rollout rules; nothing is built.')
    .argument('<service>')
    .action((service: string, _options, command) =>
      runner.run(command, async (session) => {
        const result = await session.client.restart({ service }, session.signal);
        return watching(session, () => followDeploy(session, result));
      }),
    );
};

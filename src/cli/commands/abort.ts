import { followAbort } from '../progress/index.ts';
import type { AddVerb } from '../session.ts';
import { watching } from './watching.ts';

export const addAbort: AddVerb = (program, runner) => {
  program
    .command('abort')
    .summary('end a rollout; the version before serves on, or again')
    .description('Ends a rollout in any phase before the old version leaves; after that, use rollback.')
    .argument('<service>')
    .action((service: string, _options, command) =>
      runner.run(command, async (session) => {
        const result = await session.client.abort({ service }, session.signal);
        return watching(session, () => followAbort(session, { service, deployId: result.deployId }));
      }),
    );
};

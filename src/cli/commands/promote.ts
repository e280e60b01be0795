import { followDeploy } from '../progress/index.ts';
import type { AddVerb } from '../session.ts';
import { watching } from './watching.ts';

export const addPromote: AddVerb = (program, runner) => {
  program
    .command('promote')
    .summary('take a rollout that waits one step further')
    .description('Takes a new version further: from its preview, to the next step of its canary, or out of the bake.')
    .argument('<service>')
    .option('--full', 'past all steps that are left')
    .action((service: string, { full }: { readonly full?: boolean }, command) =>
      runner.run(command, async (session) => {
        const request = { service, ...(full === true && { full }) };
        const result = await session.client.promote(request, session.signal);
        return watching(session, () => followDeploy(session, result));
      }),
    );
};

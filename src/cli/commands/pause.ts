import { followDeploy } from '../progress/index.ts';
import type { AddVerb } from '../session.ts';
import { watching } from './watching.ts';

export const addPause: AddVerb = (program, runner) => {
  program
    .command('pause')
    .summary('hold a rollout where it is')
    .description('Holds a rollout where it is until `resume`; a version that does worse is taken back all the same.')
    .argument('<service>')
    .action((service: string, _options, command) =>
      runner.run(command, async ({ client, output, signal }) => {
        const result = await client.pause({ service }, signal);
        if (output.wantsJson) output.json(result);
        else output.note(`${service} is held; \`pointsman resume ${service}\` lets it go on.`);
      }),
    );
};

export const addResume: AddVerb = (program, runner) => {
  program
    .command('resume')
    .summary('let a paused rollout go on')
    .description('Lets a paused rollout go on where it was held, and follows it.')
    .argument('<service>')
    .action((service: string, _options, command) =>
      runner.run(command, async (session) => {
        const result = await session.client.resume({ service }, session.signal);
        return watching(session, () => followDeploy(session, result));
      }),
    );
};

import type { AddVerb } from '../session.ts';
import { revisionsText } from '../show/revisions.ts';

export const addRevisions: AddVerb = (program, runner) => {
  program
    .command('revisions')
    .summary('kept revisions of a service, newest first')
    .description('Lists the revisions that `pointsman rollback` can bring back.')
    .argument('<service>')
    .action((service: string, _options, command) =>
      runner.run(command, async ({ client, output, signal }) => {
        const revisions = await client.revisions(service, signal);
        if (output.wantsJson) output.json(revisions);
        else output.print(revisionsText(revisions, output.colours));
      }),
    );
};

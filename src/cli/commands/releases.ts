import type { AddVerb } from '../session.ts';
import { releasesText } from '../show/releases.ts';

export const addReleases: AddVerb = (program, runner) => {
  program
    .command('releases')
    .summary('what was deployed together, newest first')
    .description(
      'Lists the releases that `pointsman rollback --release` can bring back: who, when, why, and what came of it.',
    )
    .action((_options, command) =>
      runner.run(command, async ({ client, output, signal }) => {
        const releases = await client.releases(signal);
        if (output.wantsJson) output.json(releases);
        else output.print(releasesText(releases, output.colours));
      }),
    );
};

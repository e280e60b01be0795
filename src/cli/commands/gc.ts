import { bytesInWords } from '../../lib/index.ts';
import type { GcReport } from '../../protocol/index.ts';
import type { AddVerb } from '../session.ts';

interface Options {
  readonly dryRun?: boolean;
}

export const addGc: AddVerb = (program, runner) => {
  program
    .command('gc')
    .summary('remove revisions and images that nothing needs')
    .description(
      'Forgets revisions beyond those kept and removes images that none needs, as every finished deploy does. What runs and what a rollback goes to always stays.',
    )
    .option('--dry-run', 'only say what would be removed')
    .action((options: Options, command) =>
      runner.run(command, async ({ client, output, signal }) => {
        const dryRun = options.dryRun ?? false;
        const report = await client.gc({ dryRun }, signal);
        if (output.wantsJson) output.json(report);
        else output.print(gcText(report, dryRun));
      }),
    );
};

const gcText = (report: GcReport, dryRun: boolean): string => {
  const { revisions, images, freedBytes, keptBytes, budgetBytes } = report;
  const verb = dryRun ? 'would be ' : '';
  return [
    ...revisions.map(({ service, revision, why }) => `${service} r${revision} ${verb}forgotten: ${why}`),
    ...images.map(({ image, bytes }) => `${image} ${verb}removed (${bytesInWords(bytes)})`),
    `${bytesInWords(freedBytes)} ${verb}freed; the images that stay use ${bytesInWords(keptBytes)} of their own${
      budgetBytes === undefined ? '' : ` of ${bytesInWords(budgetBytes)}`
    }`,
  ].join('\n');
};

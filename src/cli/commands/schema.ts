import type { AddVerb } from '../session.ts';

export const addSchema: AddVerb = (program, runner) => {
  program
    .command('schema')
    .summary('JSON Schema of the manifests, for editors')
    .description('Prints the JSON Schema that editors complete and check manifests with.')
    .action((_options, command) =>
      runner.run(command, async ({ output }) => {
        const { manifestJsonSchema } = await import('../../manifest/index.ts');
        output.json(manifestJsonSchema());
      }),
    );
};

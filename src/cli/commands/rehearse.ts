import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RehearseOptions } from '../rehearse/index.ts';
import type { AddVerb } from '../session.ts';
import { collect, keyValue } from '../repeatable.ts';

export const addRehearse: AddVerb = (program, runner) => {
  program
    .command('rehearse')
    .summary('a real deploy under real load, with a verdict in numbers')
    .description(
      'Starts the project in an environment of its own, deploys under load once per variant, prints the verdict, and removes everything again. Exit code 1 when a budget is exceeded.',
    )
    .argument('[path]', 'manifest file or folder')
    .argument('[name]', 'which rehearsal of the project, where there are several')
    .option('--variant <platform>', 'only these rules, instead of those under spec.compare (repeatable)', collect)
    .option('--build-arg <key=value>', 'build argument for the images (repeatable)', keyValue)
    .option('--json <file>', 'write the report as JSON (- for the terminal)')
    .option('--junit <file>', 'write the report for a CI system')
    .option('--markdown <file>', 'write the report for a pull request')
    .option('--html <file>', 'write the report for a browser')
    .action((first: string | undefined, second: string | undefined, options: RehearseOptions, command) => {
      const { path, name } = pathAndName(first, second);
      return runner.run(
        command,
        async (session) => {
          // Loaded only when asked for: load generators and reports would double the time of every other verb.
          const { rehearse } = await import('../rehearse/index.ts');
          return rehearse(session, options, name);
        },
        path,
      );
    });
};

/** One word alone is a path where there is one, and a rehearsal's name otherwise. */
const pathAndName = (first: string | undefined, second: string | undefined): { path?: string; name?: string } => {
  if (first === undefined) return {};
  if (second !== undefined) return { path: first, name: second };
  return existsSync(resolve(first)) || /[./]/.test(first) ? { path: first } : { name: first };
};

import type { AddVerb, Session } from '../session.ts';

interface Options {
  readonly replica?: string;
}

export const addExec: AddVerb = (program, runner) => {
  program
    .command('exec')
    .summary('run a command inside a replica')
    .description(
      "Runs a command where a ready replica runs, prints its output and ends with the command's own exit code.",
    )
    .usage('[options] <service> -- <command...>')
    .argument('<service>')
    .argument('<command...>', 'program and arguments, no shell')
    .option('--replica <id>', 'this replica, as `pointsman status <service>` shows it')
    .passThroughOptions()
    .action((service: string, words: string[], options: Options, command) =>
      runner.run(command, (session) => exec(session, service, { ...options, words: withoutDashes(words) })),
    );
};

/** `exec api -- ls`: the dashes part our words from the command's. */
const withoutDashes = (words: readonly string[]): readonly string[] => (words[0] === '--' ? words.slice(1) : words);

const exec = async (
  session: Session,
  service: string,
  { words, replica }: Options & { readonly words: readonly string[] },
): Promise<number> => {
  const { client, output, environment, signal } = session;
  const request = { service, command: words, ...(replica !== undefined && { replica }) };
  const report = await client.exec(request, signal);
  if (output.wantsJson) output.json(report);
  else environment.stdout.write(report.output);
  return report.exitCode;
};

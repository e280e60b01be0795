import { Command, Option } from 'commander';
import type { CliEnvironment } from './environment.ts';
import { verbs } from './commands/index.ts';
import { createRunner } from './session.ts';

/** The whole command tree; `docs/cli.md` is checked against it. */
export const createProgram = (environment: CliEnvironment, finish: (exitCode: number) => void): Command => {
  const program = new Command('pointsman')
    .description('Supervises containers on this machine and rehearses zero-downtime deploys.')
    .version(environment.version, '--version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void environment.stdout.write(text),
      writeErr: () => {}, // commander's complaints come back as exceptions and are printed as USAGE errors
      getOutHelpWidth: () => environment.stdout.columns ?? 100,
    });
  const runner = createRunner(environment, finish);
  for (const addVerb of verbs) addVerb(program, runner);
  addGlobalOptions(program, true);
  forEachVerb(program, (verb) => addGlobalOptions(verb, !takesFollow(verb)));
  return program;
};

/** `-f` is the manifest file, as with compose, except where it means follow. */
const addGlobalOptions = (command: Command, shortManifests: boolean): void => {
  const options = [
    new Option('--json', 'print results as JSON'),
    new Option(`${shortManifests ? '-f, ' : ''}--manifests <path>`, 'manifest file or folder'),
    new Option('--state-dir <folder>', 'where state is kept (default: .pointsman beside the manifests)'),
    new Option('-e, --environment <name>', 'environment of the project (default: the one that was up first)'),
    new Option('--engine <kind>', 'what runs the replicas (default: docker where it answers)').choices([
      'docker',
      'process',
    ]),
    new Option('--http <host:port>', 'where the proxy listens (default: 127.0.0.1:8080)'),
    new Option('--https <host:port>', 'where it also listens for https (default: nowhere)'),
    new Option('--metrics <host:port>', 'where the proxy serves /metrics for Prometheus (default: nowhere)'),
    new Option('--access-log <file>', 'a line of JSON per request; `-` is the log of the proxy (default: none)'),
    new Option('--no-color', 'no colours'),
  ];
  const own = new Set(command.options.map((option) => option.long));
  for (const option of options) if (!own.has(option.long)) command.addOption(option.helpGroup('Global options:'));
};

const takesFollow = (command: Command): boolean => command.options.some((option) => option.long === '--follow');

const forEachVerb = (command: Command, visit: (verb: Command) => void): void => {
  for (const verb of command.commands) {
    if (verb.commands.length === 0) visit(verb);
    else forEachVerb(verb, visit);
  }
};

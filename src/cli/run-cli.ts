import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { errorReport, PointsmanError } from '../model/index.ts';
import { Interruption } from './environment.ts';
import type { CliEnvironment } from './environment.ts';
import { createOutput } from './output.ts';
import { createProgram } from './program.ts';
import { failureText } from './show/failure.ts';

const exitCodes = { good: 0, failed: 1, interrupted: 130 } as const;

/** Runs one command line to its end and returns the exit code. Every error ends here, printed. */
export const runCli = async (argv: readonly string[], environment: CliEnvironment): Promise<number> => {
  let exitCode: number = exitCodes.good;
  const program = createProgram(environment, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.good; // --help, --version
    if (error instanceof Interruption) return exitCodes.interrupted;
    return fail(error instanceof CommanderError ? usageError(error, verbIn(program, argv)) : error, argv, environment);
  }
};

const fail = (error: unknown, argv: readonly string[], environment: CliEnvironment): number => {
  const report = errorReport(error);
  const output = createOutput(environment, { json: false, color: !argv.includes('--no-color') });
  if (argv.includes('--json')) output.json({ error: report });
  else output.note(failureText(report, output.noteColours, environment.cwd));
  if (report.code === 'INTERNAL' && error instanceof Error) output.note(error.stack ?? '');
  return error instanceof PointsmanError ? error.exitCode : exitCodes.failed;
};

/** commander says `error: unknown option '--jsn'\n(Did you mean --json?)`. */
const usageError = (error: CommanderError, verb: string): PointsmanError => {
  const [what = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const needsHelp = error.code === 'commander.help';
  return new PointsmanError('USAGE', {
    message: needsHelp ? 'No command given.' : what,
    fix: hint === undefined ? `See \`pointsman ${verb}--help\`.` : hint.replaceAll(/^\(|\)$/g, ''),
  });
};

/** `scale `, `domains swap `, or nothing: as far as the words name a verb. */
const verbIn = (program: Command, argv: readonly string[]): string => {
  let command = program;
  let verb = '';
  for (const word of argv) {
    if (word.startsWith('-')) continue;
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
    verb += `${word} `;
  }
  return verb;
};

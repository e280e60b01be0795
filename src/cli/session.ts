import type { Command } from 'commander';
import { createSupervisorClient } from './client/index.ts';
import type { SupervisorClient } from './client/index.ts';
import type { CliEnvironment } from './environment.ts';
import { createOutput } from './output.ts';
import type { Output } from './output.ts';
import { settingsOf, socketOf } from './settings.ts';
import type { GlobalOptions, Settings } from './settings.ts';

/** What one run of one verb works with. */
export interface Session {
  readonly environment: CliEnvironment;
  readonly settings: Settings;
  readonly output: Output;
  readonly client: SupervisorClient;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Returns the exit code where it isn't 0. */
export type VerbBody = (session: Session) => Promise<number | void>;

/** Connects commander's actions with what they run in. */
export interface Runner {
  /** `path`: a manifest file or folder given as the verb's own argument. */
  run(command: Command, body: VerbBody, path?: string): Promise<void>;
}

export type AddVerb = (program: Command, runner: Runner) => void;

export const createRunner = (environment: CliEnvironment, finish: (exitCode: number) => void): Runner => ({
  run: async (command, body, path) => {
    const options = globalOptionsOf(command);
    const settings = settingsOf(options, environment.cwd, path);
    const exitCode = await body({
      environment,
      settings,
      output: createOutput(environment, { json: options.json ?? false, color: options.color ?? true }),
      client: createSupervisorClient(socketOf(settings), {
        by: environment.user,
        environment: settings.environment,
      }),
      signal: environment.interrupts.first,
    });
    finish(exitCode ?? 0);
  },
});

/** Global options count before the verb and after it; after it wins. */
export const globalOptionsOf = (command: Command): GlobalOptions => {
  const merged: Record<string, unknown> = {};
  for (let level: Command | null = command; level !== null; level = level.parent) {
    for (const [name, value] of Object.entries(level.opts<Record<string, unknown>>())) {
      if (level.getOptionValueSource(name) !== 'default') merged[name] ??= value;
    }
  }
  return merged;
};

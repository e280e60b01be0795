import type { Clock } from '../lib/index.ts';

/** Everything the command line takes from the process around it; `bin/pointsman.ts` fills it in. */
export interface CliEnvironment {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Who asks, for the history; undefined: nobody can tell. */
  readonly user: string | undefined;
  readonly clock: Clock;
  readonly version: string;
  readonly programs: Programs;
  readonly interrupts: Interrupts;
}

/** What the command line starts: this Node, and the two other composition roots beside its own. */
export interface Programs {
  readonly node: string;
  readonly supervisor: string;
  readonly proxy: string;
}

/** first: end in order. second: the user does not want to wait any longer. Both abort with an `Interruption`. */
export interface Interrupts {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
}

/** Ctrl-C and its like; not a failure, exit code 130. */
export class Interruption extends Error {
  override readonly name = 'Interruption';

  constructor(signalName: string) {
    super(`interrupted by ${signalName}`);
  }
}

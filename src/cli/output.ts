import { createColors } from 'picocolors';
import type { CliEnvironment } from './environment.ts';

export type Colours = ReturnType<typeof createColors>;

/** Results go to stdout, everything said on the way to stderr, so that a pipe gets results only. */
export interface Output {
  readonly wantsJson: boolean;
  /** For text on stdout. */
  readonly colours: Colours;
  /** For text on stderr. */
  readonly noteColours: Colours;
  /** Progress may redraw lines; otherwise one line per change. */
  readonly redraws: boolean;
  print(text: string): void;
  json(value: unknown): void;
  note(text: string): void;
}

export const createOutput = (
  environment: CliEnvironment,
  wants: { readonly json: boolean; readonly color: boolean },
): Output => {
  const { stdout, stderr, variables } = environment;
  const plain = !wants.color || isSet(variables['NO_COLOR']) || variables['TERM'] === 'dumb';
  return {
    wantsJson: wants.json,
    colours: createColors(stdout.isTTY && !plain),
    noteColours: createColors(stderr.isTTY && !plain),
    redraws: stderr.isTTY && !isSet(variables['CI']) && variables['TERM'] !== 'dumb',
    print: (text) => void stdout.write(`${text}\n`),
    json: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => void stderr.write(`${text}\n`),
  };
};

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== 'false';

import type { CliEnvironment } from '../environment.ts';
import type { Output } from '../output.ts';
import { oneLine } from './clip.ts';
import { LiveRegion } from './live-region.ts';

/** One line that says what is going on; gone when it is over. Without a redrawing terminal every change is a line. */
export interface Busy {
  say(text: string): void;
  end(): void;
}

export const openBusy = ({ stderr: stream, clock }: CliEnvironment, output: Output, text: string): Busy => {
  let said = oneLine(text);
  if (!output.redraws) {
    output.note(said);
    return { say: (next) => output.note(oneLine(next)), end: () => {} };
  }
  const region = new LiveRegion({ stream, clock, render: () => [`${output.noteColours.cyan('▸')} ${said}`] });
  region.changed();
  return {
    say: (next) => {
      said = oneLine(next);
      region.changed();
    },
    end: () => region.close(false),
  };
};

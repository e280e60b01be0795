import { setImmediate } from 'node:timers/promises';
import { generate } from '../../test/simulation/generate.ts';
import { play } from '../../test/simulation/play.ts';
import type { Block, Played } from './runs.ts';

// Errors belong to the stories; nobody reads where in the code each of them was made.
Error.stackTraceLimit = 0;

const playAll = async ({ first, runs }: Block): Promise<Played> => {
  for (let seed = first; seed < first + runs; seed += 1) {
    const { violation } = await play(generate(seed));
    // Virtual time leaves Node no moment of its own, in which it hears of its parent's end.
    if (seed % 100 === 0) await setImmediate();
    if (violation !== undefined) return { broken: seed, seconds: secondsSince() };
  }
  return { broken: undefined, seconds: secondsSince() };
};

/** CPU-seconds since the last time it was asked, or since the program's start. */
const stopwatch = (): (() => number) => {
  let before = 0;
  return () => {
    const { user, system } = process.cpuUsage();
    const all = (user + system) / 1e6;
    const seconds = all - before;
    before = all;
    return seconds;
  };
};

const secondsSince = stopwatch();
process.on('message', (block: Block) => void playAll(block).then((played) => process.send?.(played)));
process.on('disconnect', () => process.exit());

import { parentPort } from 'node:worker_threads';
import { generate } from '../../test/simulation/generate.ts';
import { play } from '../../test/simulation/play.ts';
import type { Block, Played } from './runs.ts';

// Errors belong to the stories; nobody reads where in the code each of them was made.
Error.stackTraceLimit = 0;

const playAll = async ({ first, runs }: Block): Promise<Played> => {
  for (let seed = first; seed < first + runs; seed += 1) {
    const { violation } = await play(generate(seed));
    if (violation !== undefined) return { broken: seed };
  }
  return { broken: undefined };
};

parentPort?.on('message', (block: Block) => {
  void playAll(block).then((played) => parentPort?.postMessage(played));
});

import { parseArgs } from 'node:util';
import { generate } from '../test/simulation/generate.ts';
import { mutants } from '../test/simulation/mutants.ts';
import { mutated } from '../test/simulation/mutation.ts';
import { play } from '../test/simulation/play.ts';
import { shrink } from '../test/simulation/shrink.ts';
import { storyWords } from '../test/simulation/words.ts';
import { playSeeds } from './sim/runs.ts';
import type { RunOptions } from './sim/runs.ts';

const mostRuns = 10_000;

const readNumber = (text: string, name: string): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Error(`--${name} takes a whole number, not ${text}`);
};

/** Runs so many seeds; a broken rule is told as the shortest story that breaks it. */
const simulate = async (options: RunOptions): Promise<boolean> => {
  const seed = await playSeeds(options);
  if (seed === undefined) return true;
  const { violation } = await play(generate(seed));
  const shortest = await shrink(generate(seed));
  const { told } = await play(shortest, true);
  console.log(`seed ${seed} breaks a rule: ${violation?.rule}\n${storyWords(shortest, told)}`);
  return false;
};

/** Every mutant must be noticed; the table says by which rule and how soon. */
const tryMutants = async (first: number, quickly: boolean): Promise<boolean> => {
  console.log('| what was made wrong | rule that noticed | runs |\n|---|---|---|');
  let isEachNoticed = true;
  for (const mutant of mutants) {
    const { generate: generated, play: played } = await mutated(mutant);
    let rule: string | undefined;
    let runs = 0;
    // The known seed first; should it not show it any more, the others are tried as well.
    if (quickly && mutant.seed !== undefined) rule = (await played(generated(mutant.seed))).violation?.rule;
    while (rule !== mutant.rule && runs < mostRuns) {
      rule = (await played(generated(first + runs))).violation?.rule;
      runs += 1;
    }
    isEachNoticed &&= rule === mutant.rule;
    console.log(`| ${mutant.name} | ${rule === mutant.rule ? rule : '**nobody**'} | ${runs} |`);
  }
  return isEachNoticed;
};

// A mutant may leave a promise to itself; what follows from that is for the rules to notice.
process.on('unhandledRejection', (error) => {
  if (!values.mutants) throw error;
});
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    progress: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const first = readNumber(values.seed, 'seed');
const isGood = values.mutants
  ? await tryMutants(first, values.quick)
  : await simulate({
      first,
      runs: readNumber(values.runs, 'runs'),
      workers: Math.max(1, readNumber(values.workers, 'workers')),
      progress: values.progress,
    });
process.exitCode = isGood ? 0 : 1;

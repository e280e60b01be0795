import { parseArgs } from 'node:util';
import { generate } from '../test/simulation/generate.ts';
import { mutants } from '../test/simulation/mutants.ts';
import { mutated } from '../test/simulation/mutation.ts';
import { play } from '../test/simulation/play.ts';
import { shrink } from '../test/simulation/shrink.ts';
import { storyWords } from '../test/simulation/words.ts';

const mostRuns = 10_000;
/** A long run that is ended early has told how far it came. */
const toldEvery = 10_000;

const readNumber = (text: string, name: string): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Error(`--${name} takes a whole number, not ${text}`);
};

/** Runs so many seeds; a broken rule is told as the shortest story that breaks it. */
const simulate = async (runs: number, first: number): Promise<boolean> => {
  // Errors belong to the stories; nobody reads where in the code each of them was made.
  Error.stackTraceLimit = 0;
  const before = process.cpuUsage();
  for (let seed = first; seed < first + runs; seed += 1) {
    const { violation } = await play(generate(seed));
    const done = seed - first + 1;
    if (violation === undefined) {
      if (done % toldEvery === 0 && done < runs) tell(done, first, before);
      continue;
    }
    const shortest = await shrink(generate(seed));
    const { told } = await play(shortest, true);
    console.log(`seed ${seed} breaks a rule: ${violation.rule}\n${storyWords(shortest, told)}`);
    return false;
  }
  tell(runs, first, before);
  return true;
};

const tell = (runs: number, first: number, before: NodeJS.CpuUsage): void => {
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  console.log(
    `${runs} runs from seed ${first}: no rule was broken; ${Math.round(runs / seconds)} runs per CPU-second (${Math.round(seconds)} s)`,
  );
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
    mutants: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const seed = readNumber(values.seed, 'seed');
const isGood = values.mutants
  ? await tryMutants(seed, values.quick)
  : await simulate(readNumber(values.runs, 'runs'), seed);
process.exitCode = isGood ? 0 : 1;

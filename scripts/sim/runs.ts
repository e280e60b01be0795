import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Progress } from './progress.ts';

/** Seeds that follow each other. */
export interface Block {
  readonly first: number;
  readonly runs: number;
}

export interface Played {
  /** The first seed of the block that breaks a rule. */
  readonly broken: number | undefined;
  /** CPU it took. */
  readonly seconds: number;
}

export interface RunOptions extends Block {
  readonly workers: number;
  /** Where is written down what was played; undefined: nowhere. */
  readonly progress: string | undefined;
}

const program = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** A worker takes so many at once. */
const blockRuns = 1000;
/** A long run tells so often how far it came. */
const toldEvery = 10_000;

/** Plays all seeds that were not played yet. Returns one that breaks a rule, or undefined. */
export const playSeeds = async ({ first, runs, workers, progress: path }: RunOptions): Promise<number | undefined> => {
  const progress = new Progress(path);
  const blocks = blocksOf(first, runs, Math.min(blockRuns, Math.ceil(runs / workers)));
  const earlier = blocks.filter((block) => progress.has(block));
  const left = blocks.filter((block) => !progress.has(block));
  let seconds = progress.secondsOf(earlier);
  let done = sumOf(earlier);
  let broken: number | undefined;
  const work = async (): Promise<void> => {
    const worker = fork(program);
    for (let block = left.shift(); block !== undefined && broken === undefined; block = left.shift()) {
      worker.send(block);
      const [played] = (await once(worker, 'message')) as [Played];
      seconds += played.seconds;
      broken ??= played.broken;
      if (played.broken !== undefined) break;
      done += block.runs;
      progress.note(block, played.seconds);
      if (done % toldEvery === 0 && done < runs) tell(done, first, seconds);
    }
    worker.disconnect();
  };
  await Promise.all(Array.from({ length: Math.min(workers, left.length) }, work));
  if (broken === undefined) tell(done, first, seconds);
  return broken;
};

const blocksOf = (first: number, runs: number, most: number): Block[] =>
  Array.from({ length: Math.ceil(runs / most) }, (_, index) => ({
    first: first + index * most,
    runs: Math.min(most, runs - index * most),
  }));

const sumOf = (blocks: readonly Block[]): number => blocks.reduce((sum, { runs }) => sum + runs, 0);

const tell = (runs: number, first: number, seconds: number): void =>
  console.log(
    `${runs} runs from seed ${first}: no rule was broken; ${Math.round(runs / seconds)} runs per CPU-second (${Math.round(seconds)} s)`,
  );

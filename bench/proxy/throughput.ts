import type { Bench } from './bench-folder.ts';
import type { Running } from './contenders.ts';
import { median, ratio, spread, table } from './figures.ts';
import { run } from './load.ts';
import type { Load, Sample } from './load.ts';

export interface Row {
  readonly name: string;
  readonly perCpuSecond: number;
  readonly spread: number;
  /** Medians of the ratios of turns of the same round; undefined when that one is absent. */
  readonly to: Readonly<Record<string, number | undefined>>;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly memoryMb: number;
  readonly errors: number;
  readonly samples: readonly Sample[];
}

/** All contenders in turn, round after round, as fast as they go. */
export const throughput = async (
  bench: Bench,
  running: ReadonlyMap<string, Running>,
  load: Load,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<readonly Row[]> => {
  const folder = await bench.folder('wrk');
  const samples = new Map<string, Sample[]>();
  for (const [name, one] of running) {
    samples.set(name, []);
    await run(one, { load, seconds: 2, folder }); // warm: compilers of several of them work on the side at first
  }
  for (let round = 0; round < rounds; round += 1) {
    // There and back again, so that nobody always comes before or behind the same one.
    const order = round % 2 === 0 ? [...running] : [...running].toReversed();
    for (const [name, one] of order) samples.get(name)?.push(await run(one, { load, seconds, folder }));
  }
  return [...samples].map(([name, own]) => rowOf(name, own, samples));
};

const rowOf = (name: string, samples: readonly Sample[], all: ReadonlyMap<string, readonly Sample[]>): Row => {
  const middle = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  const costs = (list: readonly Sample[]): readonly number[] => list.map((sample) => sample.perCpuSecond);
  return {
    name,
    perCpuSecond: middle((sample) => sample.perCpuSecond),
    spread: spread(costs(samples)),
    to: Object.fromEntries([...all].map(([other, own]) => [other, ratio(costs(samples), costs(own))])),
    perSecond: middle((sample) => sample.perSecond),
    p50Ms: middle((sample) => sample.p50Ms),
    p99Ms: middle((sample) => sample.p99Ms),
    memoryMb: middle((sample) => sample.memoryMb),
    errors: samples.reduce((sum, sample) => sum + sample.errors, 0),
    samples,
  };
};

export const throughputTable = (load: Load, rows: readonly Row[]): string => {
  const heads = ['', 'per CPU-s', 'spread', '× nginx', '× HAProxy', 'per s', 'p50 ms', 'p99 ms', 'memory MB', 'errors'];
  const cells = rows.map((row) => [
    row.name,
    row.perCpuSecond,
    `${Math.round(row.spread * 100)} %`,
    row.to['nginx'],
    row.to['HAProxy'],
    row.perSecond,
    row.p50Ms,
    row.p99Ms,
    row.memoryMb,
    row.errors,
  ]);
  return `\n${load.name}, ${load.connections} connections, one worker\n${table(heads, cells)}`;
};

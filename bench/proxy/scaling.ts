import type { Bench } from './bench-folder.ts';
import { openBench } from './bench-folder.ts';
import { haproxy, nginx, pointsman } from './contenders.ts';
import { median, ratio, table } from './figures.ts';
import { run, smallResponses } from './load.ts';
import type { Sample } from './load.ts';
import { cpuSeconds, pin, treeOf } from './process.ts';

export interface Scaling {
  readonly name: string;
  readonly one: readonly Sample[];
  readonly two: readonly Turn[];
  /** Requests a second of two workers on two cores beside one worker on one, client and origin on the same cores. */
  readonly times: number;
  /**
   * What two cores would carry if they had nothing but a worker each to run, beside one core with one: twice the requests per
   * CPU-second of two workers, by those of one. Below 2 is what workers cost each other.
   */
  readonly capacity: number;
}

interface Turn extends Sample {
  /** What the less busy worker did of the work of both: half is even; undefined where workers are threads of one process. */
  readonly lesserShare: number | undefined;
}

/** Whoever shares its work among workers; what two of them cost is partly the machine's and partly their own. */
const sharing = { Pointsman: pointsman, nginx, HAProxy: haproxy };

/**
 * On a machine of two cores client and origin need as much of them as the proxy does. So the whole arrangement runs once on
 * one core with one worker and once on two with two: what doesn't scale then is what workers share.
 */
export const scaling = async (
  present: ReadonlySet<string>,
  seconds: number,
  rounds: number,
): Promise<readonly Scaling[]> => {
  const pairs: Pair[] = [];
  try {
    for (const [name, start] of Object.entries(sharing)) {
      if (!present.has(name)) continue;
      pairs.push({
        name,
        small: await arrangement(start, 1, '0'),
        large: await arrangement(start, 2, '0,1'),
        one: [],
        two: [],
      });
    }
    for (const { small, large } of pairs) for (const each of [small, large]) await each.turn(1); // warm
    for (let round = 0; round < rounds; round += 1) {
      for (const { small, large, one, two } of round % 2 === 0 ? pairs : pairs.toReversed()) {
        one.push(await small.turn(seconds));
        two.push(await large.turn(seconds));
      }
    }
  } finally {
    for (const { small, large } of pairs) for (const each of [small, large]) await each.close();
  }
  return pairs.map(scalingOf);
};

interface Pair {
  readonly name: string;
  readonly small: Arrangement;
  readonly large: Arrangement;
  readonly one: Turn[];
  readonly two: Turn[];
}

const scalingOf = ({ name, one, two }: Pair): Scaling => {
  const perSecond = (samples: readonly Sample[]): readonly number[] => samples.map((each) => each.perSecond);
  const perCpuSecond = (samples: readonly Sample[]): readonly number[] => samples.map((each) => each.perCpuSecond);
  const times = ratio(perSecond(two), perSecond(one)) ?? 0;
  return { name, one, two, times, capacity: 2 * (ratio(perCpuSecond(two), perCpuSecond(one)) ?? 0) };
};

interface Arrangement {
  readonly turn: (seconds: number) => Promise<Turn>;
  readonly close: () => Promise<void>;
}

const arrangement = async (start: typeof pointsman, workers: number, cores: string): Promise<Arrangement> => {
  const bench: Bench = await openBench(workers);
  const running = await start(await bench.folder('proxy'), bench.originPort, workers);
  await pin([running.pid, bench.originPid], cores);
  const folder = await bench.folder('wrk');
  const processes = (await treeOf(running.pid)).slice(1);
  const spent = (): Promise<readonly number[]> => Promise.all(processes.map(cpuSeconds));
  return {
    turn: async (seconds: number): Promise<Turn> => {
      const before = await spent();
      const sample = await run(running, { load: smallResponses, seconds, folder, threads: workers, cores });
      const own = (await spent()).map((after, index) => after - (before[index] ?? 0));
      const all = own.reduce((sum, each) => sum + each, 0);
      return { ...sample, lesserShare: own.length > 1 ? Math.min(...own) / all : undefined };
    },
    close: async (): Promise<void> => {
      await running.stop();
      await bench.close();
    },
  };
};

export const scalingTable = (scalings: readonly Scaling[]): string => {
  const rows = scalings.map(({ name, one, two, times, capacity }) => [
    name,
    median(one.map((sample) => sample.perSecond)),
    median(two.map((sample) => sample.perSecond)),
    times,
    median(one.map((sample) => sample.perCpuSecond)),
    median(two.map((sample) => sample.perCpuSecond)),
    capacity,
    shareOf(two),
  ]);
  const heads = ['', '1: per s', '2: per s', 'times', '1: per CPU-s', '2: per CPU-s', 'capacity', 'lesser share'];
  return `\nOne worker, all on one core, and two, all on two; small responses\n${table(heads, rows)}`;
};

const shareOf = (turns: readonly Turn[]): string | undefined => {
  const shares = turns.flatMap(({ lesserShare }) => lesserShare ?? []);
  return shares.length === 0 ? undefined : `${Math.round(100 * median(shares))} %`;
};

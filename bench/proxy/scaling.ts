import type { Bench } from './bench-folder.ts';
import { openBench } from './bench-folder.ts';
import { pointsman } from './contenders.ts';
import { median, ratio, table } from './figures.ts';
import { run, smallResponses } from './load.ts';
import type { Sample } from './load.ts';
import { cpuSeconds, pin, treeOf } from './process.ts';

export interface Scaling {
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
  /** What the less busy worker did of the work of both: half is even. */
  readonly lesserShare: number;
}

/**
 * On a machine of two cores client and origin need as much of them as the proxy does. So the whole arrangement runs once on
 * one core with one worker and once on two with two: what doesn't scale then is what workers share.
 */
export const scaling = async (seconds: number, rounds: number): Promise<Scaling> => {
  const small = await arrangement(1, '0');
  const large = await arrangement(2, '0,1');
  try {
    const one: Sample[] = [];
    const two: Turn[] = [];
    for (let round = -1; round < rounds; round += 1) {
      const [first, second] = [await small.turn(round < 0 ? 1 : seconds), await large.turn(round < 0 ? 1 : seconds)];
      if (round < 0) continue; // warm
      one.push(first);
      two.push(second);
    }
    const perSecond = (samples: readonly Sample[]): number => median(samples.map((sample) => sample.perSecond));
    const perCpuSecond = (samples: readonly Sample[]): readonly number[] => samples.map((each) => each.perCpuSecond);
    const cost = ratio(perCpuSecond(two), perCpuSecond(one)) ?? 0;
    return { one, two, times: perSecond(two) / perSecond(one), capacity: 2 * cost };
  } finally {
    await small.close();
    await large.close();
  }
};

const arrangement = async (workers: number, cores: string) => {
  const bench: Bench = await openBench(workers);
  const running = await pointsman(await bench.folder('pointsman'), bench.originPort, workers);
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
      return { ...sample, lesserShare: all > 0 ? Math.min(...own) / all : 0 };
    },
    close: async (): Promise<void> => {
      await running.stop();
      await bench.close();
    },
  };
};

export const scalingTable = ({ one, two, times, capacity }: Scaling): string => {
  const row = (name: string, samples: readonly Sample[]) => [
    name,
    median(samples.map((sample) => sample.perSecond)),
    median(samples.map((sample) => sample.perCpuSecond)),
    median(samples.map((sample) => sample.p99Ms)),
  ];
  const rows = [row('one worker, all on one core', one), row('two workers, all on two cores', two), ['times', times]];
  const share = Math.round(100 * median(two.map((turn) => turn.lesserShare)));
  const shares = `the less busy of two workers did ${share} % of the work; capacity of two ${capacity.toFixed(2)} × that of one`;
  return `\nTwo workers beside one, small responses\n${table(['', 'per s', 'per CPU-s', 'p99 ms'], rows)}\n${shares}`;
};

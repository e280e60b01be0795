import type { Bench } from './bench-folder.ts';
import { openBench } from './bench-folder.ts';
import { pointsman } from './contenders.ts';
import { median, table } from './figures.ts';
import { run, smallResponses } from './load.ts';
import type { Sample } from './load.ts';
import { pin } from './process.ts';

export interface Scaling {
  readonly one: readonly Sample[];
  readonly two: readonly Sample[];
  /** Requests a second of two workers on two cores beside one worker on one, client and origin on the same cores. */
  readonly times: number;
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
    const two: Sample[] = [];
    for (let round = -1; round < rounds; round += 1) {
      const [first, second] = [await small.turn(round < 0 ? 1 : seconds), await large.turn(round < 0 ? 1 : seconds)];
      if (round < 0) continue; // warm
      one.push(first);
      two.push(second);
    }
    const perSecond = (samples: readonly Sample[]): number => median(samples.map((sample) => sample.perSecond));
    return { one, two, times: perSecond(two) / perSecond(one) };
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
  return {
    turn: (seconds: number) => run(running, { load: smallResponses, seconds, folder, threads: workers, cores }),
    close: async (): Promise<void> => {
      await running.stop();
      await bench.close();
    },
  };
};

export const scalingTable = ({ one, two, times }: Scaling): string => {
  const row = (name: string, samples: readonly Sample[]) => [
    name,
    median(samples.map((sample) => sample.perSecond)),
    median(samples.map((sample) => sample.perCpuSecond)),
    median(samples.map((sample) => sample.p99Ms)),
  ];
  const rows = [row('one worker, all on one core', one), row('two workers, all on two cores', two), ['times', times]];
  return `\nTwo workers beside one, small responses\n${table(['', 'per s', 'per CPU-s', 'p99 ms'], rows)}`;
};

import { rate } from './app.ts';
import type { LoadResult } from './load.ts';
import { pause } from './measure.ts';
import type { EngineName, Strategy } from './pointsman.ts';
import { createBed } from './pointsman.ts';
import type { Usage } from './usage.ts';
import { usageOf, withChildren } from './usage.ts';

export interface SoakResult {
  readonly engine: EngineName;
  readonly strategy: Strategy;
  readonly deploys: number;
  readonly load: LoadResult;
  /** From the app's own "listening" (`Bed.listeningSince`) to the first answer it gave through the proxy, per deploy. */
  readonly switchLagMs: readonly number[];
  readonly supervisor: IdleUsage;
  /** Master and workers. */
  readonly proxy: IdleUsage;
}

interface IdleUsage extends Omit<Usage, 'cpuSeconds'> {
  /** Share of one core over the minute after the last deploy, what it still tidies up in its first seconds included. */
  readonly idlePercent: number;
}

const idleSeconds = 60;
/** Requests a second of the client that only watches for a release: it bounds what the switch lag can tell. */
const watchRate = 100;

/** So many consecutive deploys under one uninterrupted load, for both strategies on both engines. */
export const soak = async (
  deploys: number,
  nodeImage: string,
  say: (text: string) => void,
): Promise<readonly SoakResult[]> => {
  const results: SoakResult[] = [];
  for (const engine of ['docker', 'process'] as const) {
    for (const strategy of ['blue-green', 'rolling'] as const) {
      say(`${deploys} consecutive ${strategy} deploys, ${engine} engine …`);
      const result = await soakOne(engine, strategy, { deploys, nodeImage });
      say(describeSoak(result));
      results.push(result);
    }
  }
  return results;
};

const soakOne = async (
  engine: EngineName,
  strategy: Strategy,
  { deploys, nodeImage }: { deploys: number; nodeImage: string },
): Promise<SoakResult> => {
  const bed = await createBed(strategy, engine, nodeImage);
  try {
    await bed.up();
    const load = await bed.startLoad('2', rate);
    const switchLagMs: number[] = [];
    for (let release = 2; release < deploys + 2; release += 1) {
      // The long-lived load counts failures; a second, slower one only watches for this release.
      const watcher = release === 2 ? load : await bed.startLoad(String(release), watchRate);
      const listening = bed.deploy(String(release)).then(() => bed.listeningSince(String(release)));
      const switched = await watcher.switched;
      switchLagMs.push(switched - (await listening));
      if (watcher !== load) await watcher.stop();
    }
    const result = await load.stop();
    const { supervisor, proxy } = await bed.status();
    const [ofSupervisor, ofProxy] = await Promise.all([
      idleUsage([supervisor.pid]),
      idleUsage(await withChildren(proxy?.pid ?? Number.NaN)),
    ]);
    return { engine, strategy, deploys, load: result, switchLagMs, supervisor: ofSupervisor, proxy: ofProxy };
  } finally {
    await bed.down();
  }
};

const idleUsage = async (pids: readonly number[]): Promise<IdleUsage> => {
  const before = await usageOf(pids);
  await pause(idleSeconds * 1000);
  const { cpuSeconds, ...memory } = await usageOf(pids);
  return { ...memory, idlePercent: ((cpuSeconds - before.cpuSeconds) / idleSeconds) * 100 };
};

const describeSoak = (result: SoakResult): string => {
  const lags = result.switchLagMs.toSorted((a, b) => a - b);
  const lag = `switch after listening: median ${lags[Math.floor(lags.length / 2)]} ms, longest ${lags.at(-1)} ms`;
  return [
    `${result.engine}, ${result.strategy}: ${result.deploys} deploys, ${result.load.failed} of ${result.load.sent} requests failed`,
    `  ${lag}; ${describeUsage('supervisor', result.supervisor)}; ${describeUsage('proxy', result.proxy)}`,
  ].join('\n');
};

const describeUsage = (name: string, { residentMb, onceMb, proportionalMb, idlePercent }: IdleUsage): string => {
  const [resident, once, proportional] = [residentMb, onceMb, proportionalMb].map((megabytes) => megabytes.toFixed(0));
  return `${name} ${resident} MB RSS, ${once} with every page counted once, ${proportional} PSS, ${idlePercent.toFixed(1)} % of a core idle`;
};

import type { Load, LoadResult } from './load.ts';

/** One way of replacing a version, put under load by `measure`. */
export interface Way {
  readonly name: string;
  /** Release 1 runs and serves; returns how to load it. Throws `Absent` when this machine doesn't have the tool. */
  setUp(): Promise<{ startLoad(): Promise<Load> }>;
  /** Replaces release 1 by 2; resolves when the tool says it is done. */
  deploy(): Promise<void>;
  tearDown(): Promise<void>;
}

/** This machine lacks what the way needs; the table says so. */
export class Absent extends Error {}

export type Measurement =
  | { readonly way: string; readonly absent: string }
  | {
      readonly way: string;
      /** From the command to its end. */
      readonly deployMs: number;
      /** From the command to the first answer of the new version. */
      readonly switchMs: number;
      readonly load: LoadResult | undefined;
    };

export const measure = async (way: Way): Promise<Measurement> => {
  try {
    const bed = await way.setUp();
    const load = await bed.startLoad();
    await pause(2000);
    const begun = Date.now();
    const deploy = way.deploy();
    const switchedAt = await load.switched;
    await deploy;
    const ended = Date.now();
    await pause(2000);
    return { way: way.name, deployMs: ended - begun, switchMs: switchedAt - begun, load: await load.stop() };
  } catch (error) {
    if (error instanceof Absent) return { way: way.name, absent: error.message };
    throw error;
  } finally {
    await way.tearDown();
  }
};

/** Steady load before and after the deploy: the only use of plain time here. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

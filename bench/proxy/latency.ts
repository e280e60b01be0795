import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Running } from './contenders.ts';
import { median, table } from './figures.ts';

export interface Paced {
  readonly measured: number;
  readonly failed: number;
  /** Still waiting for a free connection when the time was up: the rate is beyond this proxy. */
  readonly unanswered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export interface LatencyRow {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly failed: number;
  /** False when requests queued up without end. */
  readonly keepsUp: boolean;
  readonly turns: readonly Paced[];
}

const client = fileURLToPath(new URL('constant-rate.mjs', import.meta.url));
const connections = 64;

/**
 * One turn at a constant rate, whatever the proxy makes of it. `detached`: in a session of its own, as clients are; Linux
 * shares a core among sessions first, so that what else this process does is not taken from the client's time.
 */
export const paced = async (
  port: number,
  rate: number,
  seconds: number,
  { detached = false }: { readonly detached?: boolean } = {},
): Promise<Paced> => {
  const args = [client, port, rate, seconds, connections].map(String);
  const { stdout } = await execa(process.execPath, args, { detached, timeout: (seconds + 20) * 1_000 });
  return JSON.parse(stdout);
};

/** Everybody at the same rate, in turn. */
export const latencies = async (
  running: ReadonlyMap<string, Running>,
  rate: number,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<readonly LatencyRow[]> => {
  const turns = new Map<string, Paced[]>([...running.keys()].map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, { port }] of running) turns.get(name)?.push(await paced(port, rate, seconds));
  }
  return [...turns].map(([name, own]) => ({
    name,
    p50Ms: median(own.map((turn) => turn.p50Ms)),
    p99Ms: median(own.map((turn) => turn.p99Ms)),
    p999Ms: median(own.map((turn) => turn.p999Ms)),
    failed: own.reduce((sum, turn) => sum + turn.failed, 0),
    keepsUp: median(own.map((turn) => turn.unanswered)) === 0,
    turns: own,
  }));
};

export const latencyTable = (rate: number, rows: readonly LatencyRow[]): string => {
  const cells = rows.map((row) => [row.name, row.p50Ms, row.p99Ms, row.p999Ms, row.failed, row.keepsUp ? 'yes' : 'no']);
  const heads = ['', 'p50 ms', 'p99 ms', 'p99.9 ms', 'failed', 'keeps up'];
  return `\n${Math.round(rate).toLocaleString('en')} requests a second, ${connections} connections, whatever the answers take\n${table(heads, cells)}`;
};

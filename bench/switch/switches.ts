import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { percentile, table } from '../proxy/figures.ts';
import { endChild } from '../proxy/process.ts';
import type { Switchable } from './contenders.ts';
import { Versions } from './versions.ts';

export interface SwitchRow {
  readonly name: string;
  readonly by: string;
  readonly switches: number;
  readonly ok: number;
  readonly failed: number;
  readonly causes: Readonly<Record<string, number>>;
  /** Requests that reached a version after the last word that it was out. */
  readonly late: number;
  readonly latestMs: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Why there was no further switch, where one could not be made. */
  readonly gaveUp: string | undefined;
}

export interface SwitchLoad {
  readonly switches: number;
  readonly connections: number;
  /** Between one switch and the next. */
  readonly requestsBetween: number;
  /** Switching ends then, however many there were. */
  readonly seconds: number;
}

/** So many switches in a row between two versions, each as soon as enough requests have come since the one before. */
export const switchRow = async (
  { name, by }: { readonly name: string; readonly by: string },
  start: (ports: readonly [number, number]) => Promise<Switchable>,
  load: SwitchLoad,
): Promise<SwitchRow> => {
  const versions = await Versions.start();
  const proxy = await start([versions.list[0].port, versions.list[1].port]).catch((error: unknown) => {
    versions.close();
    throw error;
  });
  const client = startClient(proxy.port, load.connections);
  try {
    const { times, gaveUp } = await switchBackAndForth(proxy, versions, load);
    client.stdin.end();
    const { ok, failed, causes, p99Ms, maxMs } = JSON.parse(await client.result);
    const { late, latestMs } = versions;
    const sorted = times.toSorted((one, other) => one - other);
    const acks = { ackP50Ms: percentile(sorted, 0.5), ackP99Ms: percentile(sorted, 0.99) };
    return { name, by, switches: times.length, ok, failed, causes, late, latestMs, ...acks, p99Ms, maxMs, gaveUp };
  } finally {
    await endChild(client.child);
    await proxy.stop();
    versions.close();
  }
};

const switchBackAndForth = async (
  proxy: Switchable,
  versions: Versions,
  load: SwitchLoad,
): Promise<{ readonly times: readonly number[]; readonly gaveUp: string | undefined }> => {
  const times: number[] = [];
  const enough = AbortSignal.timeout(load.seconds * 1_000);
  while (times.length < load.switches && !enough.aborted) {
    await versions.served(load.requestsBetween, enough);
    const [next, last] = times.length % 2 === 0 ? [versions.list[1], versions.list[0]] : versions.list;
    next.takeIn();
    const begun = performance.now();
    try {
      await proxy.switchTo(next.port);
    } catch (error) {
      return { times, gaveUp: (error as Error).message };
    }
    times.push(performance.now() - begun);
    await last.takeOut();
  }
  return { times, gaveUp: undefined };
};

const clientProgram = fileURLToPath(new URL('load.mjs', import.meta.url));

const startClient = (port: number, connections: number) => {
  const child = spawn(process.execPath, [clientProgram, String(port), String(connections)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const result = Promise.race([
    text(child.stdout),
    once(child, 'error').then(([error]) => Promise.reject(error as Error)),
  ]);
  return { child, stdin: child.stdin, result };
};

export const switchTable = (load: SwitchLoad, rows: readonly SwitchRow[]): string => {
  const heads = [
    '',
    'by',
    'switches',
    'answered',
    'failed',
    'late',
    'latest ms',
    'switch p50 ms',
    'p99 ms',
    'request p99 ms',
    'max ms',
  ];
  const cells = rows.map((row) => [
    row.name,
    row.by,
    row.switches,
    row.ok,
    row.failed,
    row.late,
    row.latestMs,
    row.ackP50Ms,
    row.ackP99Ms,
    row.p99Ms,
    row.maxMs,
  ]);
  const causes = rows
    .filter((row) => row.failed > 0)
    .map(
      (row) =>
        `${row.name}: ${Object.entries(row.causes)
          .map(([cause, count]) => `${count} × ${cause}`)
          .join(', ')}`,
    );
  const givenUp = rows
    .filter((row) => row.gaveUp !== undefined)
    .map((row) => `${row.name}: switch ${row.switches + 1} could not be made: ${row.gaveUp}`);
  return [`\nSwitches under ${load.connections} connections`, table(heads, cells), ...causes, ...givenUp].join('\n');
};

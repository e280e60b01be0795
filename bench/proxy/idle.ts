import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench-folder.ts';
import { contenders } from './contenders.ts';
import { table } from './figures.ts';
import { endChild, freePort, memoryKilobytes, startListening } from './process.ts';

const kinds = ['sse', 'websocket'] as const;
type Kind = (typeof kinds)[number];

export interface IdleRow {
  readonly name: string;
  readonly perStreamKb: Readonly<Record<Kind, number | undefined>>;
  readonly opened: Readonly<Record<Kind, number>>;
}

const origin = fileURLToPath(new URL('idle-origin.mjs', import.meta.url));
const clients = fileURLToPath(new URL('idle-clients.mjs', import.meta.url));
/** Garbage is collected and buffers are given back in the background. */
const settleMs = 1_500;
const openMs = 30_000;

/** What a stream that says nothing costs each proxy, in memory of its own; what the kernel keeps for a socket is alike for all. */
export const idleStreams = async (
  bench: Bench,
  names: readonly string[],
  count: number,
): Promise<readonly IdleRow[]> => {
  const originPort = await freePort();
  const child = await startListening([process.execPath, origin, String(originPort)], originPort);
  try {
    const rows = [];
    for (const name of names) {
      const sse = await measure(bench, name, { originPort, count, kind: 'sse' });
      const websocket = await measure(bench, name, { originPort, count, kind: 'websocket' });
      rows.push({
        name,
        perStreamKb: { sse: sse.kilobytes, websocket: websocket.kilobytes },
        opened: { sse: sse.opened, websocket: websocket.opened },
      });
    }
    return rows;
  } finally {
    await endChild(child);
  }
};

interface Question {
  readonly originPort: number;
  readonly count: number;
  readonly kind: Kind;
}

/** Each in a new process: what an earlier load left behind would hide what these take. */
const measure = async (bench: Bench, name: string, { originPort, count, kind }: Question) => {
  const running = await contenders[name]?.(await bench.folder(name), originPort);
  if (running === undefined) return { kilobytes: undefined, opened: 0 };
  try {
    await hold(running.port, 50, kind, () => delay(settleMs / 3)); // warm: code, pools, first buffers
    const before = await memoryKilobytes(running.pid);
    let after = before;
    const opened = await hold(running.port, count, kind, async () => {
      await delay(settleMs);
      after = await memoryKilobytes(running.pid);
    });
    return { kilobytes: opened === 0 ? undefined : (after - before) / opened, opened };
  } finally {
    await running.stop();
  }
};

/** Opens the streams, does what is asked for, and lets go of them. */
const hold = async (port: number, count: number, kind: Kind, during: () => Promise<void>): Promise<number> => {
  const child = spawn(process.execPath, [clients, String(port), String(count), kind], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  try {
    const [said] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(openMs) });
    await during();
    return Number(/open (\d+)/.exec(String(said))?.[1] ?? 0);
  } catch {
    return 0; // not all of them within the time: shown as such
  } finally {
    await endChild(child);
  }
};

export const idleTable = (count: number, rows: readonly IdleRow[]): string => {
  const cells = rows.map(({ name, perStreamKb, opened }) => [
    name,
    perStreamKb.sse,
    perStreamKb.websocket,
    opened.sse,
    opened.websocket,
  ]);
  const heads = ['', 'KB per event stream', 'KB per WebSocket', 'streams open', 'WebSockets open'];
  return `\n${count.toLocaleString('en')} streams that say nothing, of each kind\n${table(heads, cells)}`;
};

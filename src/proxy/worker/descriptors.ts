import type { Socket } from 'node:net';
import { steadyNow } from './clock.ts';

/** The system's errors for a process, or a machine, that is out of them. */
export const isOutOfDescriptors = (code: string): boolean => code === 'EMFILE' || code === 'ENFILE';

/**
 * The system gives out the lowest free number, so that of a new connection says how many are taken. The rest up to the
 * limit is kept for connections to upstreams; when even those run out, idle clients are closed for them.
 */
export const isScarce = (socket: Socket): boolean => {
  const { fd = -1 } = (socket as unknown as { readonly _handle: { readonly fd?: number } | null })._handle ?? {};
  return fd >= most;
};

const keptFree = (limit: number): number => Math.min(256, Math.max(16, Math.floor(limit / 8)));

/** Node raises the soft limit to the hard one when it starts. */
const limitOfProcess = (): number => {
  try {
    // An ESM import of it would load streams and promises of files, and readline.
    const { readFileSync } = process.getBuiltinModule('node:fs');
    const [, soft = 'unlimited'] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY; // no such file on this system: accepting fails by itself when nothing is left
  }
};

const limit = limitOfProcess();
const most = limit - keptFree(limit);

const betweenLinesMs = 10_000;
const lastTold = { at: Number.NEGATIVE_INFINITY };

/** A shortage goes with thousands of connections a second, each of which would have a line to say. */
export const toldRarely = (line: string): void => {
  const now = steadyNow();
  if (now - lastTold.at < betweenLinesMs) return;
  lastTold.at = now;
  console.error(line);
};

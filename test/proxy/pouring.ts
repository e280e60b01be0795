import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { expect } from 'vitest';
import { childrenOf } from './rig.ts';

/** What is poured unless somebody holds it back. */
const most = 60_000_000;

/** Writes as fast as it is taken; tells how much that was. */
export const pour = (stream: Writable, piece = Buffer.alloc(65_536)): (() => number) => {
  let poured = 0;
  const more = (): void => {
    do poured += piece.length;
    while (stream.write(piece) && poured < most);
  };
  stream.on('drain', more);
  more();
  return () => poured;
};

/** Memory of its own that the process which forwards has, in octets. */
export const memoryOfWorker = (master: number): number => {
  const [worker] = childrenOf(master);
  return Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync(`/proc/${worker}/smaps_rollup`, 'utf8'))?.[1]) * 1_024;
};

/** Once it is enough and does not grow any more. */
export const steady = async (value: () => number, enough: number): Promise<void> => {
  await expect.poll(value).toBeGreaterThan(enough);
  for (let before = -1; before !== value();) {
    before = value();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};

export const total = (counts: readonly (() => number)[]): number => counts.reduce((sum, count) => sum + count(), 0);

import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const graceMs = 5_000;
const lookEveryMs = 100;

export interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

/**
 * Processes that carry the environment variable `mark` and still run after a moment of grace. Only where there is a
 * /proc: elsewhere none is found.
 */
export const leftProcesses = async (mark: string): Promise<readonly LeftProcess[]> => {
  const deadline = Date.now() + graceMs;
  for (;;) {
    const left = await processesWith(mark);
    if (left.length === 0 || Date.now() > deadline) return left;
    // Nothing tells the end of a process that isn't our child.
    await delay(lookEveryMs);
  }
};

const processesWith = async (mark: string): Promise<readonly LeftProcess[]> => {
  const names = await readdir('/proc').catch(() => []);
  const found: LeftProcess[] = [];
  for (const name of names.filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)) {
    const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    if (!environment.split('\0').includes(mark)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command !== '') found.push({ pid: Number(name), command: command.replaceAll('\0', ' ').trim() });
  }
  return found;
};

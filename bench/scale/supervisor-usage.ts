import { readFile } from 'node:fs/promises';

const ticksPerSecond = 100;

export interface Usage {
  readonly rssMegabytes: number;
  readonly peakMegabytes: number;
  readonly cpuSeconds: number;
}

/** What a process has taken so far, by the kernel's own books. */
export const usageOf = async (pid: number): Promise<Usage> => {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return {
    rssMegabytes: megabytes('VmRSS'),
    peakMegabytes: megabytes('VmHWM'),
    cpuSeconds: (user + system) / ticksPerSecond,
  };
};

import { readFile } from 'node:fs/promises';

export interface Usage {
  /** What each process has in memory, summed: pages that two of them share count twice. */
  readonly residentMb: number;
  /** Shared pages divided among those that share them: what the machine spends on these processes. */
  readonly proportionalMb: number;
  readonly cpuSeconds: number;
}

/** As the kernel counts it. */
export const usageOf = async (pids: readonly number[]): Promise<Usage> => {
  const each = await Promise.all(pids.map(usageOfOne));
  const sum = (field: keyof Usage) => each.reduce((total, usage) => total + usage[field], 0);
  return { residentMb: sum('residentMb'), proportionalMb: sum('proportionalMb'), cpuSeconds: sum('cpuSeconds') };
};

/** The process and its children. */
export const withChildren = async (pid: number): Promise<readonly number[]> => {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
};

const usageOfOne = async (pid: number): Promise<Usage> => {
  const memory = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  const times = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return {
    residentMb: megabytes(/^Rss:\s+(\d+)/m.exec(memory)),
    proportionalMb: megabytes(/^Pss:\s+(\d+)/m.exec(memory)),
    cpuSeconds: (Number(times[11]) + Number(times[12])) / 100,
  };
};

const megabytes = (kilobytes: RegExpExecArray | null): number => Number(kilobytes?.[1] ?? Number.NaN) / 1024;

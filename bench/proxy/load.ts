import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Running } from './contenders.ts';
import { cpuSeconds, memoryKilobytes } from './process.ts';

export interface Load {
  readonly name: string;
  readonly path: string;
  readonly connections: number;
  /** Octets of a POST; 0 for a GET. */
  readonly postBytes: number;
}

export const smallResponses: Load = { name: 'small responses', path: '/', connections: 64, postBytes: 0 };
export const posts: Load = { name: 'POST of 16 KB', path: '/', connections: 64, postBytes: 16_384 };
export const largeBodies: Load = { name: 'bodies of 1 MB', path: '/files/large', connections: 16, postBytes: 0 };

export interface Sample {
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  readonly memoryMb: number;
}

export interface Turn {
  readonly load: Load;
  readonly seconds: number;
  readonly folder: string;
  /** Of wrk. */
  readonly threads?: number;
  /** Cores that wrk may use, as `taskset` names them. */
  readonly cores?: string;
}

/** One turn of one load against one proxy, as fast as it goes; the time is the kernel's account of all its processes. */
export const run = async (running: Running, { load, seconds, folder, threads = 1, cores }: Turn): Promise<Sample> => {
  const script = join(folder, 'wrk.lua');
  await writeFile(script, scriptFor(load));
  const target = `http://127.0.0.1:${running.port}${load.path}`;
  const pinned = cores === undefined ? [] : ['taskset', '-c', cores];
  const [program, ...args] = [
    ...pinned,
    'wrk',
    `-t${threads}`,
    `-c${load.connections}`,
    `-d${seconds}s`,
    '-s',
    script,
    target,
  ];
  const before = await cpuSeconds(running.pid);
  const { stdout } = await execa(program, args, { timeout: (seconds + 20) * 1_000 });
  const spent = (await cpuSeconds(running.pid)) - before;
  const [requests = 0, micros = 1, p50 = 0, p99 = 0, errors = 0] = (/^RESULT (.*)$/m.exec(stdout)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return {
    perCpuSecond: requests / Math.max(spent, 0.01),
    perSecond: requests / (micros / 1e6),
    p50Ms: p50 / 1_000,
    p99Ms: p99 / 1_000,
    errors,
    memoryMb: (await memoryKilobytes(running.pid)) / 1_024,
  };
};

const scriptFor = ({ postBytes }: Load): string => `
${postBytes > 0 ? `wrk.method = "POST"; wrk.body = string.rep("x", ${postBytes})` : ''}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end`;

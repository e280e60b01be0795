import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { ReplicaId } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { ReplicaStats } from '../port.ts';
import { askDocker } from './ask.ts';
import { inspectContainer } from './observe.ts';

/** From the kernel's own files where they can be read; Docker's stats call costs the daemon far more. */
export const replicaStats = async (docker: Docker, replica: ReplicaId, signal: AbortSignal): Promise<ReplicaStats> => {
  const info = await inspectContainer(docker, replica, signal);
  if (info?.State.Running !== true) {
    throw new PointsmanError('ENGINE_FAILED', { message: `${replica} does not run, so it uses nothing.` });
  }
  return (await cgroupStats(info)) ?? (await askedStats(docker, replica, signal));
};

/** The pid is the container's on Docker's host; its cgroup path naming the container proves that this is the same machine. */
const cgroupStats = async ({ Id, State }: Docker.ContainerInspectInfo): Promise<ReplicaStats | undefined> => {
  try {
    const groups = (await readFile(`/proc/${State.Pid}/cgroup`, 'utf8')).split('\n').map((line) => line.split(':'));
    const pathOf = (controller: string) =>
      groups.find(([, names]) => names?.split(',').includes(controller))?.[2] ?? '';
    if (pathOf('memory').includes(Id)) return await statsOfVersion1(pathOf);
    const unified = groups.find(([number, names]) => number === '0' && names === '')?.[2] ?? '';
    return unified.includes(Id) ? await statsOfVersion2(`/sys/fs/cgroup${unified}`) : undefined;
  } catch {
    // Not this machine, not readable for this user, or just ended: Docker knows.
    return undefined;
  }
};

const statsOfVersion1 = async (pathOf: (controller: string) => string): Promise<ReplicaStats> => {
  const memory = `/sys/fs/cgroup/memory${pathOf('memory')}`;
  const usage = Number(await readFile(`${memory}/memory.usage_in_bytes`, 'utf8'));
  const cache = valueIn(await readFile(`${memory}/memory.stat`, 'utf8'), 'total_inactive_file');
  const cpu = await readFile(`/sys/fs/cgroup/cpuacct${pathOf('cpuacct')}/cpuacct.usage`, 'utf8');
  return { memoryBytes: Math.max(usage - cache, 0), cpuSeconds: Number(cpu) / 1e9 };
};

const statsOfVersion2 = async (folder: string): Promise<ReplicaStats> => {
  const usage = Number(await readFile(`${folder}/memory.current`, 'utf8'));
  const cache = valueIn(await readFile(`${folder}/memory.stat`, 'utf8'), 'inactive_file');
  const cpu = valueIn(await readFile(`${folder}/cpu.stat`, 'utf8'), 'usage_usec');
  return { memoryBytes: Math.max(usage - cache, 0), cpuSeconds: cpu / 1e6 };
};

const valueIn = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);

const askedStats = async (docker: Docker, replica: ReplicaId, signal: AbortSignal): Promise<ReplicaStats> => {
  const stats = await askDocker(`measure ${replica}`, signal, () =>
    docker.getContainer(replica).stats({ stream: false, 'one-shot': true }),
  );
  const cache = stats.memory_stats.stats.total_inactive_file ?? stats.memory_stats.stats.inactive_file;
  return {
    memoryBytes: Math.max(stats.memory_stats.usage - cache, 0),
    cpuSeconds: stats.cpu_stats.cpu_usage.total_usage / 1e9,
  };
};

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ReplicaId } from '../../model/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { ReplicaStats } from '../port.ts';
import { processesOfReplica } from './process-table.ts';
import { readRecord } from './record.ts';

/** Summed over the replica's processes; memory that they share counts once for each. */
export const replicaStats = async (folder: string, replica: ReplicaId): Promise<ReplicaStats> => {
  const record = await readRecord(folder);
  if (record === undefined || record.exit !== null) {
    throw new PointsmanError('ENGINE_FAILED', { message: `${replica} does not run, so it uses nothing.` });
  }
  const processes = await processesOfReplica(folder, record);
  const memory = await Promise.all(processes.map(({ pid }) => residentBytes(pid)));
  return {
    memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0),
    cpuSeconds: processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
};

/** 0 for one that has just ended. */
const residentBytes = async (pid: number): Promise<number> => {
  const kilobytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1]
      : await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).then(
          ({ stdout }) => stdout.trim(),
          () => '0',
        );
  return Number(kilobytes ?? 0) * 1024;
};

import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Set for every replica to its folder: finds processes that left its process group (daemons that call setsid). */
export const markerVariable = 'POINTSMAN_REPLICA';

export interface ProcessEntry {
  readonly pid: number;
  readonly group: number;
  /** Ended, only not yet collected by its parent: can neither do anything nor be killed. */
  readonly isZombie: boolean;
  readonly start: string;
  readonly cpuSeconds: number;
}

/** All processes of this machine that may be seen. */
const processTable = async (): Promise<readonly ProcessEntry[]> => {
  if (process.platform !== 'linux') return await tableFromPs();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(pids.map((pid) => entryFromProc(Number(pid))));
  return entries.filter((entry) => entry !== undefined);
};

/** undefined when there is no such process. */
export const processStart = async (pid: number): Promise<string | undefined> => {
  if (process.platform === 'linux') return (await entryFromProc(pid))?.start;
  return (await tableFromPs()).find((entry) => entry.pid === pid)?.start;
};

/** The processes of one replica that are alive: its group, and on Linux those that left it. */
export const processesOfReplica = async (
  folder: string,
  leader: { readonly pid: number; readonly processStart: string } | undefined,
): Promise<readonly ProcessEntry[]> => {
  const alive = (await processTable()).filter((entry) => !entry.isZombie && entry.pid !== process.pid);
  // A number that a new process got after our leader had ended does not make that process ours.
  const head = alive.find((entry) => entry.pid === leader?.pid);
  const isOurGroup = leader !== undefined && (head === undefined || head.start === leader.processStart);
  const marked = await Promise.all(alive.map((entry) => isMarked(entry.pid, folder)));
  return alive.filter((entry, index) => marked[index] === true || (isOurGroup && entry.group === leader.pid));
};

const entryFromProc = async (pid: number): Promise<ProcessEntry | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name, second field, may itself hold spaces and brackets; what follows its last bracket begins with field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): string => fields[number - 3] ?? '';
  const ticks = [14, 15, 16, 17].reduce((sum, number) => sum + Number(field(number)), 0);
  return {
    pid,
    group: Number(field(5)),
    isZombie: field(3) === 'Z' || field(3) === 'X',
    start: field(22),
    cpuSeconds: ticks / ticksPerSecond,
  };
};

/** The kernel shows user space 100 on every architecture that Node runs on. */
const ticksPerSecond = 100;

const isMarked = async (pid: number, folder: string): Promise<boolean> => {
  if (process.platform !== 'linux') return false;
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environment.split('\0').includes(Buffer.from(`${markerVariable}=${folder}`).toString('latin1'));
};

const tableFromPs = async (): Promise<readonly ProcessEntry[]> => {
  const columns = ['pid=', 'pgid=', 'stat=', 'time=', 'lstart='].flatMap((column) => ['-o', column]);
  const { stdout } = await promisify(execFile)('ps', ['-A', ...columns], { env: { ...process.env, LC_ALL: 'C' } });
  return stdout.split('\n').flatMap((line) => {
    const [pid, group, state, time, ...start] = line.trim().split(/\s+/);
    if (pid === undefined || pid === '' || group === undefined) return [];
    const seconds = (time ?? '0').split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
    const isZombie = state?.startsWith('Z') ?? false;
    return [{ pid: Number(pid), group: Number(group), isZombie, start: start.join(' '), cpuSeconds: seconds }];
  });
};

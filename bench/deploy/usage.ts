import { open, readFile } from 'node:fs/promises';

export interface Usage {
  /** RSS: what each process has in memory, summed. Pages that two of them share count twice. */
  readonly residentMb: number;
  /** What they have in memory together, every page counted once: what they cost where nothing else runs Node. */
  readonly onceMb: number;
  /** PSS: shared pages divided among all that share them, be it that those have nothing to do with us. */
  readonly proportionalMb: number;
  readonly cpuSeconds: number;
}

/** As the kernel counts it. */
export const usageOf = async (pids: readonly number[]): Promise<Usage> => {
  const files = new Set<string>();
  const each = await Promise.all(pids.map((pid) => usageOfOne(pid, files)));
  const sum = (field: keyof (typeof each)[number]) => each.reduce((total, usage) => total + usage[field], 0);
  return {
    residentMb: sum('residentMb'),
    onceMb: sum('anonymousMb') + (files.size * pageBytes) / 2 ** 20,
    proportionalMb: sum('proportionalMb'),
    cpuSeconds: sum('cpuSeconds'),
  };
};

/** The process and its children. */
export const withChildren = async (pid: number): Promise<readonly number[]> => {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
};

/** Adds to `files` what the process has in memory of files. */
const usageOfOne = async (pid: number, files: Set<string>) => {
  const [memory, maps, stat] = await Promise.all(
    ['smaps_rollup', 'maps', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
  );
  await addFilePages(pid, maps ?? '', files);
  const times = (stat ?? '').split(') ')[1]?.split(' ') ?? [];
  const megabytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(memory ?? '')?.[1]) / 1024;
  return {
    residentMb: megabytes('Rss'),
    anonymousMb: megabytes('Anonymous'),
    proportionalMb: megabytes('Pss'),
    cpuSeconds: (Number(times[11]) + Number(times[12])) / 100,
  };
};

const pageBytes = 4096;
const entryBytes = 8;
/** Of a pagemap entry: in memory, and of a file. */
const presentBit = 1n << 63n;
const fileBit = 1n << 61n;

/** /proc/PID/pagemap says of every page whether it is there; a file's are known by file and place. */
const addFilePages = async (pid: number, maps: string, files: Set<string>): Promise<void> => {
  await using pagemap = await open(`/proc/${pid}/pagemap`);
  for (const line of maps.split('\n')) {
    const [range = '', , offset = '', device, inode = '0'] = line.split(/ +/);
    if (inode === '0') continue;
    const [from = 0, to = 0] = range.split('-').map((address) => Number.parseInt(address, 16) / pageBytes);
    const entries = Buffer.alloc((to - from) * entryBytes);
    await pagemap.read(entries, 0, entries.length, from * entryBytes);
    const first = Number.parseInt(offset, 16) / pageBytes;
    for (let page = 0; page < to - from; page += 1) {
      const entry = entries.readBigUInt64LE(page * entryBytes);
      if ((entry & presentBit) !== 0n && (entry & fileBit) !== 0n) files.add(`${device} ${inode} ${first + page}`);
    }
  }
};

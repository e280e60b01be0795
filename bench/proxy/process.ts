import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { holdProcess, letProcessGo } from './at-exit.ts';

/** A port nobody listens on just now: those that are configured by file can't be asked which one they got. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

/** Started once something answers on the port. Rejects when the program is missing or ends before. */
export const startListening = async (command: readonly string[], port: number): Promise<ChildProcess> => {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  const { pid = 0 } = child;
  if (pid > 0) holdProcess(pid);
  let ended: string | undefined;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => {
    ended = `ended with ${signal ?? code}`;
    letProcessGo(pid);
  });
  const deadline = Date.now() + 10_000;
  // A port that begins to answer raises no event in another process.
  while (!(await answers(port))) {
    if (ended === undefined && Date.now() > deadline) child.kill('SIGKILL');
    if (ended !== undefined) throw new Error(ended);
    await delay(50);
  }
  return child;
};

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });

/** Ends a child and waits until it has. */
export const endChild = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  const hard = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(hard);
};

/** A process and all that it started: a proxy is what its master and its workers do together. */
export const treeOf = async (root: number): Promise<readonly number[]> => {
  const parents = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = await statOf(Number(entry));
    if (fields !== undefined) parents.set(Number(entry), Number(fields[1]));
  }
  const tree = [root];
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
};

/** User and system time of the whole tree so far, that of ended children included. */
export const cpuSeconds = async (root: number): Promise<number> => {
  let ticks = 0;
  for (const pid of await treeOf(root)) {
    for (const field of (await statOf(pid))?.slice(11, 15) ?? []) ticks += Number(field);
  }
  return ticks / ticksPerSecond;
};

const ticksPerSecond = 100;

/** What follows the name of the process, which may hold spaces itself; undefined when it has ended. */
const statOf = async (pid: number): Promise<readonly string[] | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** Memory of the whole tree in KB; what processes share is counted once. */
export const memoryKilobytes = async (root: number): Promise<number> => {
  let sum = 0;
  for (const pid of await treeOf(root)) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    sum += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return sum;
};

/** From now on these processes, all their threads included, run on these cores only. */
export const pin = async (roots: readonly number[], cores: string): Promise<void> => {
  for (const root of roots) {
    for (const pid of await treeOf(root))
      await execa('taskset', ['-a', '-p', '-c', cores, String(pid)], { reject: false });
  }
};

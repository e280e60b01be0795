import { rmSync } from 'node:fs';

/** What a run that ends in the middle would leave behind. */
const processes = new Set<number>();
const folders = new Set<string>();

process.once('exit', () => {
  for (const pid of processes) end(pid);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/** Ends with this process unless it is let go before. */
export const holdProcess = (pid: number): void => void processes.add(pid);
export const letProcessGo = (pid: number): void => void processes.delete(pid);
/** Is removed with this process. */
export const holdFolder = (path: string): void => void folders.add(path);

const end = (pid: number): void => {
  try {
    process.kill(pid);
  } catch {
    // it has ended already
  }
};

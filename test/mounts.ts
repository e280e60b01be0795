import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Root in a container may not mount. */
export const canMount = (): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'pm-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) unmount(folder);
  rmdirSync(folder);
  return mounted;
};

export const smallDisk = (folder: string, size: string): void =>
  void execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);

/** Whatever is open stays open, nothing new can be written: what is written to can't be made read-only, so it is covered. */
export const coverReadOnly = (folder: string): void => {
  const aside = mkdtempSync(join(tmpdir(), 'pm-cover-'));
  execFileSync('mount', ['--bind', folder, aside]);
  execFileSync('mount', ['-o', 'remount,bind,ro', aside]);
  execFileSync('mount', ['--bind', aside, folder]);
  unmount(aside);
  rmdirSync(aside);
};

/** What was mounted there last; what is open there stays open. */
export const unmount = (folder: string): void => void spawnSync('umount', ['--lazy', folder]);

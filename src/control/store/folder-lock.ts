import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { PointsmanError } from '../../model/index.ts';
import { stateError } from './database.ts';

export interface FolderLock {
  release(): void;
}

/** A lock whose holder forgot about it would end with the next garbage collection. */
const locks = new Set<DatabaseSync>();

/**
 * One supervisor per state folder. The lock is the operating system's on an open file, so it ends with its holder
 * however that ends, and no stale one can be left; the pid beside it is only for the message.
 */
export const lockStateFolder = (folder: string): FolderLock => {
  const path = join(folder, 'supervisor.lock');
  const pidPath = join(folder, 'supervisor.pid');
  let held: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    held = new DatabaseSync(path, { timeout: 0 });
    held.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidPath, `${process.pid}\n`);
    locks.add(held);
  } catch (error) {
    held?.close();
    throw isBusy(error) ? alreadyRunning(folder, pidPath) : stateError(error, path);
  }
  const database = held;
  return {
    release: () => {
      locks.delete(database);
      if (database.isOpen) database.close();
    },
  };
};

/** SQLITE_BUSY. */
const isBusy = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5;

const alreadyRunning = (folder: string, pidPath: string): PointsmanError => {
  const pid = readPid(pidPath);
  return new PointsmanError('SUPERVISOR_RUNNING', {
    message: `A supervisor${pid === undefined ? '' : ` (pid ${pid})`} is already looking after ${folder}`,
    fix: 'Talk to that one, end it with `pointsman down`, or use another folder with --state-dir.',
  });
};

const readPid = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // the other one has not written it yet
  }
};

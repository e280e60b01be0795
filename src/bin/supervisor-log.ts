import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import type { Logger } from 'pino';

const largestLogBytes = 8 * 1024 * 1024;

/** One older file is kept; a supervisor that never ends writes a few lines per deploy. */
export const openLog = (stateFolder: string): Logger => {
  const path = join(stateFolder, 'supervisor.log');
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes) renameSync(path, `${path}.1`);
  const destination = pino.destination({ dest: path, append: true, sync: true });
  // A full disk must not end what serves; that the state can't be written is told by the store.
  destination.on('error', () => undefined);
  return pino({ base: { pid: process.pid } }, destination);
};

import { existsSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finding } from './finding.ts';

const about = 'state folder';
const leastFreeBytes = 200 * 1024 * 1024;
const longestSocketPath = 103;

export const examineStateFolder = async (folder: string): Promise<Finding> => {
  const socket = join(folder, 'rehearsal', 'supervisor.sock');
  if (Buffer.byteLength(socket) > longestSocketPath) {
    return { ...elsewhere, message: `${folder}: its path is too long for a unix socket.` };
  }
  const existing = nearestExisting(folder);
  try {
    const probe = await mkdtemp(join(existing, '.pointsman-doctor-'));
    await rm(probe, { recursive: true });
    const { bavail, bsize } = await statfs(existing);
    if (bavail * bsize < leastFreeBytes) {
      return { ...elsewhere, state: 'limited', message: `${folder}: less than 200 MB are free there.` };
    }
    return { about, state: 'good', message: `${folder} can be written to` };
  } catch (error) {
    return { ...elsewhere, message: `${folder} can't be written to: ${(error as Error).message}.` };
  }
};

const elsewhere = { about, state: 'missing', fix: 'Choose another folder with --state-dir.' } as const;

const nearestExisting = (folder: string): string => (existsSync(folder) ? folder : nearestExisting(dirname(folder)));

import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file whole: temporary file, fsync, rename, fsync of the folder. A crash leaves the old or the new content, never a mixture.
 * Throws the file system's own error (ENOSPC, EROFS, …); the old content is then untouched.
 */
export const writeFileAtomically = async (path: string, content: string | Uint8Array, mode = 0o644): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${unique()}.tmp`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
};

/** What was created, renamed or removed in it is so after a crash too. */
export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/** Enough for a name that nobody guards; node:crypto would be a megabyte in a process that has no other use for it. */
const unique = (): string => `${process.pid}-${Math.random().toString(36).slice(2)}`;

import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ContentHashes } from '../content-hashes.ts';
import { largeFileBytes } from '../content-hashes.ts';
import type { SourceFile, SourceTree } from '../source-tree.ts';
import { SourceChanged } from '../restless-source.ts';

/**
 * Real copies: sources are edited in place, and a link would let the edit through. Times are kept, for tools that
 * compare them. Throws SourceChanged.
 */
export const copyTree = async (
  tree: SourceTree,
  contents: ContentHashes,
  folder: string,
  signal: AbortSignal,
): Promise<void> => {
  // A folder comes before what is in it, so folders and links go first and files then in any order.
  for (const entry of tree.entries) {
    signal.throwIfAborted();
    const path = join(folder, entry.path);
    if (entry.kind === 'folder') await mkdir(path, { mode: entry.mode | 0o700, recursive: true });
    if (entry.kind === 'link') await symlink(entry.target, path);
  }
  const files = tree.entries.filter((entry) => entry.kind === 'file').values();
  const copyFiles = async (): Promise<void> => {
    for (const file of files) {
      signal.throwIfAborted();
      await copyOne(tree.root, file, contents.get(file.path), folder);
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, copyFiles));
};

const filesAtOnce = 8;

const copyOne = async (
  root: string,
  file: SourceFile,
  contentHash: string | undefined,
  folder: string,
): Promise<void> => {
  const from = join(root, file.path);
  const to = join(folder, file.path);
  const copied = await (file.size <= largeFileBytes ? copyWhole(from, to) : copyStreamed(from, to));
  if (copied !== contentHash) throw new SourceChanged(file.path);
  // Both calls that create a file let the umask take permissions away.
  await chmod(to, file.mode);
  const modified = Number(file.stamp.modifiedNs / 1_000_000n) / 1000;
  await utimes(to, modified, modified);
};

const copyWhole = async (from: string, to: string): Promise<string | undefined> => {
  const content = await readFile(from).catch(() => undefined);
  if (content === undefined) return undefined;
  await writeFile(to, content);
  return hash('sha256', content);
};

/** What arrived is hashed, not what was there a moment before. */
const copyStreamed = async (from: string, to: string): Promise<string> => {
  await copyFile(from, to);
  const digest = createHash('sha256');
  await pipeline(createReadStream(to), digest);
  return digest.digest('hex');
};

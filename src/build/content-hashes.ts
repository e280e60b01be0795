import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeFileAtomically } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { SourceFile, SourceTree } from './source-tree.ts';

/** Content hashes of a tree's files by path. */
export type ContentHashes = ReadonlyMap<string, string>;

/** The file `path` read whole or, when large, as a stream: memory stays bounded. */
export const largeFileBytes = 8 * 1024 * 1024;

/**
 * Hashes files, reading only those whose stamp is not the remembered one. What is remembered lives in one file per
 * source folder and ignore file; it may be deleted at any time.
 */
export class ContentHasher {
  readonly #folder: string;
  readonly #writing = new Map<string, Promise<void>>();

  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'build');
  }

  async hash(tree: SourceTree, signal: AbortSignal): Promise<ContentHashes> {
    const memoryFile = join(
      this.#folder,
      `${hash('sha256', `${tree.root}\0${tree.ignoreFile ?? ''}`).slice(0, 24)}.json`,
    );
    const remembered = await recall(memoryFile);
    const hashes = new Map<string, string>();
    const memory: Memory = {};
    const unknown: SourceFile[] = [];
    const files = tree.entries.filter((entry) => entry.kind === 'file');
    for (const file of files) {
      const known = remembered[file.path];
      if (known?.stamp !== stampText(file)) {
        unknown.push(file);
      } else {
        hashes.set(file.path, known.hash);
        memory[file.path] = known;
      }
    }
    await eachFile(unknown, async (file) => {
      signal.throwIfAborted();
      const content = await hashFile(join(tree.root, file.path), file.size);
      hashes.set(file.path, content);
      if (isSettled(file)) memory[file.path] = { stamp: stampText(file), hash: content };
    });
    const hasChanged = unknown.length > 0 || Object.keys(remembered).length !== files.length;
    if (hasChanged) await this.#remember(memoryFile, memory);
    return hashes;
  }

  /** One after the other: several services may be built from the same folder at once. */
  #remember(file: string, memory: Memory): Promise<void> {
    const before = this.#writing.get(file) ?? Promise.resolve();
    const writing = before.catch(() => undefined).then(() => write(file, memory));
    this.#writing.set(file, writing);
    return writing;
  }
}

type Memory = Record<string, { readonly stamp: string; readonly hash: string }>;

const recall = async (file: string): Promise<Memory> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Memory;
  } catch {
    // Absent or damaged: everything is read again, which is right and only slower.
    return {};
  }
};

const write = async (file: string, memory: Memory): Promise<void> => {
  try {
    await writeFileAtomically(file, JSON.stringify(memory));
  } catch (error) {
    throw new PointsmanError('STATE_WRITE_FAILED', {
      message: `${file} can't be written: ${error instanceof Error ? error.message : String(error)}`,
      fix: 'make room or rights in the state folder',
      cause: error,
    });
  }
};

const stampText = ({ size, stamp }: SourceFile): string =>
  `${size} ${stamp.modifiedNs} ${stamp.changedNs} ${stamp.inode}`;

/** A file changed so recently that another change could leave the same stamp is not remembered. */
const isSettled = ({ stamp }: SourceFile): boolean => stamp.takenAt - Number(stamp.changedNs / 1_000_000n) > 100;

const filesAtOnce = 8;

const eachFile = async (files: readonly SourceFile[], act: (file: SourceFile) => Promise<void>): Promise<void> => {
  const queue = files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) await act(file);
  };
  await Promise.all(Array.from({ length: filesAtOnce }, work));
};

const hashFile = async (path: string, size: number): Promise<string> => {
  try {
    if (size <= largeFileBytes) return hash('sha256', await readFile(path));
    const digest = createHash('sha256');
    await pipeline(createReadStream(path), digest);
    return digest.digest('hex');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone';
    throw new PointsmanError('SOURCE_NOT_FOUND', {
      message: `${path} can't be read: ${error instanceof Error ? error.message : String(error)}`,
      fix: 'make it readable, or list it in .dockerignore',
      cause: error,
    });
  }
};

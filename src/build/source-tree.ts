import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { PointsmanError } from '../model/index.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import { parseIgnoreRules } from './ignore-rules.ts';

/** One path of a source folder, relative and with `/`. Sockets, pipes and devices are left out. */
export type SourceEntry = { readonly path: string; readonly mode: number } & (
  | { readonly kind: 'folder' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly size: number; readonly stamp: FileStamp }
);
export type SourceFile = Extract<SourceEntry, { kind: 'file' }>;

/** What changes when a file's content may have changed. */
interface FileStamp {
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  readonly inode: bigint;
  /** When it was taken, milliseconds. */
  readonly takenAt: number;
}

export interface SourceTree {
  readonly root: string;
  /** The file whose rules were used, if there is one. */
  readonly ignoreFile: string | undefined;
  readonly rules: IgnoreRules;
  /** By path, so that the same tree is always listed the same way. */
  readonly entries: readonly SourceEntry[];
}

export interface SourceTreeOptions {
  readonly root: string;
  /** Its own ignore file `<dockerfile>.dockerignore` takes precedence over the folder's `.dockerignore`. */
  readonly dockerfile?: string;
  /** Never part of a source: the supervisor's state changes all the time. */
  readonly stateFolder: string;
  readonly signal: AbortSignal;
}

/** Always left out unless a `!` rule asks for it: git touches its own files at every command, which would look like a change. */
const versionControl = '.git';
const stateFolderName = '.pointsman';

/** Lists what of a folder goes into a build. Throws SOURCE_NOT_FOUND. */
export const readSourceTree = async (options: SourceTreeOptions): Promise<SourceTree> => {
  const { root, signal } = options;
  await checkFolder(root);
  const { ignoreFile, text } = await findIgnoreFile(options);
  const rules = parseIgnoreRules(`${versionControl}\n${text}`);
  const state = relative(root, options.stateFolder);
  const found: SourceEntry[] = [];
  const enter = async (folder: string): Promise<boolean> => {
    signal.throwIfAborted();
    const kept = await Promise.all(
      (await namesIn(root, folder)).map(async (name) => {
        const path = folder === '' ? name : `${folder}/${name}`;
        if (name === stateFolderName || path === state) return false;
        return keep(path);
      }),
    );
    return kept.includes(true);
  };
  const keep = async (path: string): Promise<boolean> => {
    const ignored = rules.ignores(path);
    if (ignored && !rules.mayKeepBelow(path)) return false;
    const entry = await entryAt(root, path);
    if (entry === undefined || (ignored && entry.kind !== 'folder')) return false;
    // An ignored folder comes along only with something in it.
    const holdsSomething = entry.kind === 'folder' && (await enter(path));
    if (ignored && !holdsSomething) return false;
    found.push(entry);
    return true;
  };
  await enter('');
  return { root, ignoreFile, rules, entries: found.sort((a, b) => (a.path < b.path ? -1 : 1)) };
};

const checkFolder = async (root: string): Promise<void> => {
  const stats = await stat(root).catch(() => undefined);
  if (stats?.isDirectory() === true) return;
  throw new PointsmanError('SOURCE_NOT_FOUND', {
    message: stats === undefined ? `the source folder ${root} does not exist` : `the source ${root} is not a folder`,
    fix: 'correct `source` in the manifest; it is relative to the manifest file',
  });
};

const findIgnoreFile = async (
  options: SourceTreeOptions,
): Promise<{ ignoreFile: string | undefined; text: string }> => {
  const own = options.dockerfile === undefined ? [] : [`${options.dockerfile}.dockerignore`];
  for (const ignoreFile of [...own, join(options.root, '.dockerignore')]) {
    const text = await readFile(ignoreFile, 'utf8').catch(() => undefined);
    if (text !== undefined) return { ignoreFile, text };
  }
  return { ignoreFile: undefined, text: '' };
};

const namesIn = async (root: string, folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(join(root, folder));
  } catch (error) {
    if (isGone(error)) return [];
    throw new PointsmanError('SOURCE_NOT_FOUND', {
      message: `${join(root, folder)} can't be read: ${messageOf(error)}`,
      fix: 'make it readable, or list it in .dockerignore',
      cause: error,
    });
  }
};

/** undefined when it went away meanwhile, or is nothing that can be built from. */
const entryAt = async (root: string, path: string): Promise<SourceEntry | undefined> => {
  const file = join(root, path);
  const takenAt = Date.now();
  try {
    const stats = await lstat(file, { bigint: true });
    const mode = Number(stats.mode & 0o7777n);
    if (stats.isDirectory()) return { kind: 'folder', path, mode };
    if (stats.isSymbolicLink()) return { kind: 'link', path, mode, target: await readlink(file) };
    if (stats.isFile()) return { kind: 'file', path, mode, size: Number(stats.size), stamp: stampOf(stats, takenAt) };
    return undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

const stampOf = (stats: BigIntStats, takenAt: number): FileStamp => ({
  modifiedNs: stats.mtimeNs,
  changedNs: stats.ctimeNs,
  inode: stats.ino,
  takenAt,
});

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

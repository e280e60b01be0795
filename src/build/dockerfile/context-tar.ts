import { pipeline } from 'node:stream/promises';
import type { Pack } from 'tar-stream';
import { pack } from 'tar-stream';
import type { ContentHashes } from '../content-hashes.ts';
import type { SourceEntry, SourceTree } from '../source-tree.ts';
import { checkedContent } from './checked-content.ts';

export interface ContextTar {
  readonly tree: SourceTree;
  readonly contents: ContentHashes;
  /** Files sent instead of, or beside, those of the tree. */
  readonly replaced: ReadonlyMap<string, Buffer>;
}

/** Always the same, so that the same tree is the same tar. */
const modified = new Date('2000-01-01T00:00:00Z');

export interface PackedContext {
  readonly stream: Pack;
  /** Once packing has ended: why it ended early, or undefined. A receiver's error is less telling. */
  readonly failure: Promise<unknown>;
}

/**
 * The build's context as a tar: the tree in its order, owners and times levelled. A file that is no longer what was
 * hashed ends it with `SourceChanged`.
 */
export const packContext = (context: ContextTar): PackedContext => {
  const stream = pack();
  const failure = write(stream, context).then(
    () => undefined,
    (error: unknown) => {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
      return error;
    },
  );
  return { stream, failure };
};

const write = async (tar: Pack, context: ContextTar): Promise<void> => {
  const { tree, contents, replaced } = context;
  for (const entry of tree.entries) {
    if (!replaced.has(entry.path)) await writeEntry(tar, tree.root, entry, contents.get(entry.path));
  }
  for (const [path, content] of replaced) await writeBuffer(tar, { name: path, mode: 0o644 }, content);
  tar.finalize();
};

const writeEntry = async (
  tar: Pack,
  root: string,
  entry: SourceEntry,
  contentHash: string | undefined,
): Promise<void> => {
  switch (entry.kind) {
    case 'folder':
      tar.entry({ name: `${entry.path}/`, type: 'directory', mode: entry.mode, mtime: modified });
      return;
    case 'link':
      tar.entry({ name: entry.path, type: 'symlink', linkname: entry.target, mode: entry.mode, mtime: modified });
      return;
    case 'file': {
      const header = { name: entry.path, size: entry.size, mode: entry.mode, mtime: modified };
      await pipeline(checkedContent(root, entry, contentHash), tar.entry(header));
    }
  }
};

/** Returns once there is room for more, so that a slow builder does not fill memory. */
const writeBuffer = (tar: Pack, header: { name: string; mode: number }, content: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    tar.entry({ ...header, size: content.length, mtime: modified }, content, (error) =>
      error === undefined || error === null ? resolve() : reject(error),
    );
  });

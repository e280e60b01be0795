import { createHash } from 'node:crypto';
import type { ContentHashes } from './content-hashes.ts';
import type { SourceTree } from './source-tree.ts';

/** One hash over paths, kinds, permissions and contents; times and owners don't count. */
export const treeHash = (tree: SourceTree, contents: ContentHashes): string => {
  const digest = createHash('sha256');
  for (const entry of tree.entries) {
    digest.update(`${entry.kind}\0${entry.path}\0${entry.mode.toString(8)}\0`);
    if (entry.kind === 'link') digest.update(entry.target);
    if (entry.kind === 'file') digest.update(contents.get(entry.path) ?? '');
    digest.update('\n');
  }
  return digest.digest('hex');
};

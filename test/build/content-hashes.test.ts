import { chmod, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ContentHasher } from '../../src/build/content-hashes.ts';
import { readSourceTree } from '../../src/build/source-tree.ts';
import { treeHash } from '../../src/build/tree-hash.ts';
import { addFiles, makeFolder, removeFolder } from './source-folder.ts';

const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map(removeFolder));
});
const folderWith = async (files: Record<string, string>): Promise<string> => {
  const root = await makeFolder(files);
  folders.push(root);
  return root;
};
const signal = new AbortController().signal;
const hashOf = async (root: string, state: string): Promise<string> => {
  const tree = await readSourceTree({ root, stateFolder: state, signal });
  return treeHash(tree, await new ContentHasher(state).hash(tree, signal));
};

describe('the hash of a source', () => {
  it('is the same for the same content in another place, at another time', async () => {
    const state = await folderWith({});
    const files = { 'a.txt': 'a', 'b/c.txt': 'c', l: '-> a.txt' };
    expect(await hashOf(await folderWith(files), state)).toBe(await hashOf(await folderWith(files), state));
  });

  it.each([
    ['a content', (root: string) => writeFile(join(root, 'a.txt'), 'B')],
    ['a name', (root: string) => rename(join(root, 'a.txt'), join(root, 'b.txt'))],
    ['a permission', (root: string) => chmod(join(root, 'a.txt'), 0o755)],
    ['an empty file more', (root: string) => addFiles(root, { empty: '' })],
    ['a link more', (root: string) => addFiles(root, { link: '-> a.txt' })],
  ])('changes with %s', async (_, change) => {
    const state = await folderWith({});
    const root = await folderWith({ 'a.txt': 'A' });
    const before = await hashOf(root, state);
    await change(root);
    expect(await hashOf(root, state)).not.toBe(before);
  });

  it('does not change with a time', async () => {
    const state = await folderWith({});
    const root = await folderWith({ 'a.txt': 'A' });
    const before = await hashOf(root, state);
    await utimes(join(root, 'a.txt'), 1, 1);
    expect(await hashOf(root, state)).toBe(before);
  });

  it('sees a change that keeps size and time', async () => {
    const state = await folderWith({});
    const root = await folderWith({ 'a.txt': 'A' });
    await utimes(join(root, 'a.txt'), 1, 1);
    const before = await hashOf(root, state);
    await writeFile(join(root, 'a.txt'), 'B');
    await utimes(join(root, 'a.txt'), 1, 1);
    expect(await hashOf(root, state)).not.toBe(before);
  });

  it('is right though what was remembered is damaged', async () => {
    const state = await folderWith({});
    const root = await folderWith({ 'a.txt': 'A' });
    const before = await hashOf(root, state);
    const [memory = ''] = await readdir(join(state, 'build'));
    await writeFile(join(state, 'build', memory), '{"a.txt":');
    expect(await hashOf(root, state)).toBe(before);
  });

  it('is found by several at once', async () => {
    const state = await folderWith({});
    const root = await folderWith(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}`, String(n)])));
    const hasher = new ContentHasher(state);
    const hashes = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const tree = await readSourceTree({ root, stateFolder: state, signal });
        return treeHash(tree, await hasher.hash(tree, signal));
      }),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it('that can not be remembered is a coded error', async () => {
    const state = await folderWith({ build: 'a file where the folder should be' });
    const root = await folderWith({ 'a.txt': 'A' });
    await expect(hashOf(root, state)).rejects.toMatchObject({ code: 'STATE_WRITE_FAILED' });
  });
});

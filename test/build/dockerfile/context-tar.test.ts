import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from 'tar-stream';
import { afterEach, describe, expect, it } from 'vitest';
import { ContentHasher } from '../../../src/build/content-hashes.ts';
import { packContext } from '../../../src/build/dockerfile/context-tar.ts';
import { SourceChanged } from '../../../src/build/restless-source.ts';
import { readSourceTree } from '../../../src/build/source-tree.ts';
import { makeFolder, removeFolder } from '../source-folder.ts';

const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map(removeFolder)));

const read = async (files: Record<string, string>) => {
  const root = await makeFolder(files);
  const state = await makeFolder({});
  folders.push(root, state);
  const signal = new AbortController().signal;
  const tree = await readSourceTree({ root, stateFolder: state, signal });
  return { root, tree, contents: await new ContentHasher(state).hash(tree, signal) };
};
const none: ReadonlyMap<string, Buffer> = new Map();
const longName = `${'long/'.repeat(30)}ä name with spaces`;
const files = {
  'b.txt': 'b',
  'a.sh': '#!/bin/sh',
  'sub/c.txt': 'c'.repeat(100_000),
  large: 'x'.repeat(9 * 1024 * 1024),
  empty: '',
  link: '-> a.sh',
  [longName]: 'deep',
};

describe('the context that is sent', () => {
  it('holds every entry, its permissions and links, in the same order', async () => {
    const { tree, contents } = await read(files);
    const found: [string, string | null | undefined, string][] = [];
    const bytes = new Map<string, number>();
    const tar = packContext({ tree, contents, replaced: new Map([['b.txt', Buffer.from('other')]]) });
    for await (const entry of tar.stream.pipe(extract())) {
      const { name, type, linkname, mode } = entry.header;
      found.push([name, type === 'symlink' ? `-> ${linkname}` : type, (mode ?? 0).toString(8)]);
      let size = 0;
      for await (const chunk of entry) size += (chunk as Buffer).length;
      bytes.set(name, size);
    }
    const short = found.filter(([name]) => !name.startsWith('long/'));
    expect(short).toEqual([
      ['a.sh', 'file', '755'],
      ['empty', 'file', '644'],
      ['large', 'file', '644'],
      ['link', '-> a.sh', '777'],
      ['sub/', 'directory', '755'],
      ['sub/c.txt', 'file', '644'],
      ['b.txt', 'file', '644'],
    ]);
    expect(bytes.get(longName)).toBe(4);
    expect(bytes.get('large')).toBe(9 * 1024 * 1024);
    expect(bytes.get('b.txt')).toBe('other'.length);
  });

  it('is the same to the byte for the same files', async () => {
    const digests = await Promise.all(
      [files, files].map(async (each) => {
        const { tree, contents } = await read(each);
        const digest = createHash('sha256');
        for await (const chunk of packContext({ tree, contents, replaced: none }).stream)
          digest.update(chunk as Buffer);
        return digest.digest('hex');
      }),
    );
    expect(digests[0]).toBe(digests[1]);
  });

  it.each([
    ['a small file that changed', (root: string) => writeFile(join(root, 'b.txt'), 'B')],
    ['a large file that changed', (root: string) => writeFile(join(root, 'large'), 'y'.repeat(9 * 1024 * 1024))],
    ['a large file that shrank', (root: string) => truncate(join(root, 'large'), 1000)],
  ])('is not completed with %s since it was hashed', async (_, change) => {
    const { root, tree, contents } = await read(files);
    await change(root);
    const tar = packContext({ tree, contents, replaced: none });
    await expect(
      (async () => {
        for await (const chunk of tar.stream) expect(chunk).toBeDefined();
      })(),
    ).rejects.toThrow();
    expect(await tar.failure).toBeInstanceOf(SourceChanged);
  });
});

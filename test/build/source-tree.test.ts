import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readSourceTree } from '../../src/build/source-tree.ts';
import { makeFolder, removeFolder } from './source-folder.ts';

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
const filesOf = async (root: string, dockerfile?: string, stateFolder = '/nowhere'): Promise<string[]> => {
  const tree = await readSourceTree({ root, stateFolder, signal, ...(dockerfile !== undefined && { dockerfile }) });
  return tree.entries.filter((entry) => entry.kind !== 'folder').map((entry) => entry.path);
};

describe('a .dockerignore keeps out', () => {
  it('what the client library leaks: plain names, rooted names, paths below a folder', async () => {
    const root = await folderWith({
      '.dockerignore': '.env\n/root.txt\nsub/secret.txt\n',
      '.env': 'TOKEN=1',
      'root.txt': '',
      'sub/secret.txt': '',
      'sub/.env': '',
      'sub/kept.txt': '',
    });
    expect(await filesOf(root)).toEqual(['.dockerignore', 'sub/.env', 'sub/kept.txt']);
  });

  it('everything matched, except what a ! rule takes back', async () => {
    const root = await folderWith({ '.dockerignore': '*.log\n!keep.log\n', 'a.log': '', 'keep.log': '', 'a.txt': '' });
    expect(await filesOf(root)).toEqual(['.dockerignore', 'a.txt', 'keep.log']);
  });

  it('all but a short list, with files taken back inside of ignored folders', async () => {
    const root = await folderWith({
      '.dockerignore': '*\n!package.json\n!src/web/**\n!**/LICENSE\n',
      'package.json': '',
      'src/web/a.js': '',
      'src/api/b.js': '',
      'src/api/LICENSE': '',
      'node_modules/x/index.js': '',
    });
    expect(await filesOf(root)).toEqual(['package.json', 'src/api/LICENSE', 'src/web/a.js']);
  });

  it('an ignored folder itself, unless something in it is kept', async () => {
    const root = await folderWith({ '.dockerignore': 'a\nb\n!b/keep\n', 'a/x': '', 'b/x': '', 'b/keep': '' });
    const tree = await readSourceTree({ root, stateFolder: '/nowhere', signal });
    expect(tree.entries.map((entry) => entry.path)).toEqual(['.dockerignore', 'b', 'b/keep']);
  });

  it('names by their exact case, and with signs that mean something to regular expressions', async () => {
    const root = await folderWith({
      '.dockerignore': 'secret\nc++\nreport (1).txt\n',
      SECRET: '',
      secret: '',
      'c++': '',
      ccc: '',
      'report (1).txt': '',
      'report 1.txt': '',
    });
    expect(await filesOf(root)).toEqual(['.dockerignore', 'SECRET', 'ccc', 'report 1.txt']);
  });

  it('comments are comments, blank lines nothing, and **/ any depth', async () => {
    const root = await folderWith({
      '.dockerignore': '# no *.txt\n\n**/*.pyc\n**/__pycache__\n',
      '# no a.txt': '',
      'a.txt': '',
      'a.pyc': '',
      'x/y/b.pyc': '',
      'x/__pycache__/c': '',
    });
    expect(await filesOf(root)).toEqual(['# no a.txt', '.dockerignore', 'a.txt']);
  });

  it('by the rules of the Dockerfile that has its own', async () => {
    const root = await folderWith({
      '.dockerignore': 'a.txt\n',
      'web.Dockerfile.dockerignore': 'b.txt\n*.dockerignore\n',
      'a.txt': '',
      'b.txt': '',
    });
    expect(await filesOf(root, join(root, 'web.Dockerfile'))).toEqual(['a.txt']);
    expect(await filesOf(root, join(root, 'api.Dockerfile'))).toEqual([
      '.dockerignore',
      'b.txt',
      'web.Dockerfile.dockerignore',
    ]);
  });
});

describe('a source', () => {
  it('never holds version control or the state of the supervisor', async () => {
    const root = await folderWith({
      '.git/HEAD': '',
      '.pointsman/state.db': '',
      'state/db': '',
      'a/.git/HEAD': '',
      a1: '',
    });
    expect(await filesOf(root, undefined, join(root, 'state'))).toEqual(['a/.git/HEAD', 'a1']);
  });

  it('holds version control when a ! rule asks for it', async () => {
    const root = await folderWith({ '.dockerignore': '!.git\n', '.git/HEAD': '' });
    expect(await filesOf(root)).toEqual(['.dockerignore', '.git/HEAD']);
  });

  it('keeps links as links, wherever they lead, permissions, and empty folders; leaves out pipes', async () => {
    const root = await folderWith({ 'run.sh': '#!/bin/sh', up: '-> ..', gone: '-> nowhere', 'e/x': '' });
    execFileSync('rm', [join(root, 'e/x')]);
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(root, 'pipe')]);
    const tree = await readSourceTree({ root, stateFolder: '/nowhere', signal });
    expect(tree.entries.map(({ path, kind, mode }) => [path, kind, (mode & 0o111) !== 0])).toEqual([
      ['e', 'folder', true],
      ['gone', 'link', true],
      ['run.sh', 'file', true],
      ['up', 'link', true],
    ]);
  });

  it('that does not exist is a coded error', async () => {
    await expect(filesOf('/nowhere/at/all')).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('/nowhere/at/all'),
    });
  });

  it('that is a file is a coded error', async () => {
    const root = await folderWith({ file: '' });
    await expect(filesOf(join(root, 'file'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});

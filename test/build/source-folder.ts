import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ImageSource } from '../../src/model/index.ts';

export type BuildSource = Extract<ImageSource, { kind: 'build' }>;

/** A temporary folder with files by path; a value that begins with `-> ` is a link. */
export const makeFolder = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'pointsman-test-'));
  await addFiles(root, files);
  return root;
};

export const addFiles = async (root: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (content.startsWith('-> ')) await symlink(content.slice(3), join(root, path));
    else await writeFile(join(root, path), content);
    if (content.startsWith('#!')) await chmod(join(root, path), 0o755);
  }
};

export const removeFolder = (root: string): Promise<void> => rm(root, { recursive: true, force: true });

export const sourceIn = (context: string, more: Partial<BuildSource> = {}): BuildSource => ({
  kind: 'build',
  context,
  dockerfile: join(context, 'Dockerfile'),
  args: {},
  secrets: {},
  watchPatterns: [],
  watchRoot: context,
  ...more,
});

import { afterEach, describe, expect, it } from 'vitest';
import { createBuilder } from '../../src/build/index.ts';
import { createSnapshotBuilder } from '../../src/build/snapshot/index.ts';
import { makeFolder, removeFolder, sourceIn } from './source-folder.ts';

const live = new AbortController().signal;
const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map(removeFolder)));
const folderWith = async (files: Record<string, string>): Promise<string> => {
  const root = await makeFolder(files);
  folders.push(root);
  return root;
};

describe('one builder of several', () => {
  it('gives a source to the part that can build it, and answers for all', async () => {
    const builder = createBuilder({ snapshot: createSnapshotBuilder({ stateFolder: await folderWith({}) }) });
    const request = { source: sourceIn(await folderWith({ 'a.txt': '' })), label: 'shop-web' };
    const { image } = await builder.build(request, () => {}, live);
    expect(image).toMatch(/^snapshot:[0-9a-f]+$/);
    expect(await builder.has(image, live)).toBe(true);
    expect(await builder.collect(new Set(), live)).toEqual([image]);
    expect(await builder.has(image, live)).toBe(false);
    await builder.close();
  });

  it('says what is missing for an image where there is no Docker', async () => {
    const builder = createBuilder({ snapshot: createSnapshotBuilder({ stateFolder: await folderWith({}) }) });
    const request = { source: { kind: 'image', reference: 'local/postgres:15' }, label: 'shop-database' } as const;
    await expect(builder.build(request, () => {}, live)).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: 'shop-database runs the image local/postgres:15, which needs Docker',
    });
  });

  it('says so when nothing can build a source', async () => {
    const request = { source: sourceIn(await folderWith({})), label: 'shop-web' };
    await expect(createBuilder({}).inputHash(request, live)).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' });
  });
});

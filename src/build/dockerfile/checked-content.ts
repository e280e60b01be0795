import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { largeFileBytes } from '../content-hashes.ts';
import { SourceChanged } from '../restless-source.ts';
import type { SourceFile } from '../source-tree.ts';

/** A file's content as it was hashed. Throws SourceChanged when it no longer is, before a wrong one could be taken for whole. */
export const checkedContent = (
  root: string,
  file: SourceFile,
  contentHash: string | undefined,
): AsyncGenerator<Buffer> => (file.size <= largeFileBytes ? whole : streamed)(join(root, file.path), file, contentHash);

async function* whole(path: string, file: SourceFile, contentHash: string | undefined): AsyncGenerator<Buffer> {
  const content = await readFile(path).catch(() => undefined);
  if (content === undefined || hash('sha256', content) !== contentHash) throw new SourceChanged(file.path);
  yield content;
}

async function* streamed(path: string, file: SourceFile, contentHash: string | undefined): AsyncGenerator<Buffer> {
  const digest = createHash('sha256');
  let held: Buffer | undefined;
  try {
    // `end` is included: the byte more tells a file that grew.
    for await (const chunk of createReadStream(path, { end: file.size })) {
      digest.update(chunk as Buffer);
      if (held !== undefined) yield held;
      held = chunk as Buffer;
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new SourceChanged(file.path);
    throw error;
  }
  if (digest.digest('hex') !== contentHash) throw new SourceChanged(file.path);
  if (held !== undefined) yield held;
}

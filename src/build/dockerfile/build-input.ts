import { hash } from 'node:crypto';
import type Docker from 'dockerode';
import type { ImageSource } from '../../model/index.ts';
import type { ContentHasher, ContentHashes } from '../content-hashes.ts';
import { localImageId } from '../docker-connection.ts';
import type { SourceTree } from '../source-tree.ts';
import { readSourceTree } from '../source-tree.ts';
import { treeHash } from '../tree-hash.ts';
import type { BaseImage } from './dockerfile.ts';
import { baseImages, readDockerfile } from './dockerfile.ts';

export type Backend = 'buildkit' | 'classic';
export type BuildSource = Extract<ImageSource, { kind: 'build' }>;

/** Everything that goes into one image, and its hash. */
export interface BuildInput {
  readonly source: BuildSource;
  readonly label: string;
  readonly tree: SourceTree;
  readonly contents: ContentHashes;
  readonly dockerfile: string;
  readonly bases: readonly BaseImage[];
  readonly hash: string;
}

export interface InputReader {
  readonly docker: Docker;
  readonly hasher: ContentHasher;
  readonly stateFolder: string;
}

/** Raised when images built from the same input would differ from before: nothing built by an older release is found then. */
const recipe = 1;

export const readBuildInput = async (
  reader: InputReader,
  source: BuildSource,
  label: string,
  signal: AbortSignal,
): Promise<BuildInput> => {
  const { context: root, dockerfile: path, args, target } = source;
  const tree = await readSourceTree({ root, dockerfile: path, stateFolder: reader.stateFolder, signal });
  const dockerfile = await readDockerfile(path, label);
  const contents = await reader.hasher.hash(tree, signal);
  const bases = baseImages(dockerfile, args);
  const baseIds = await Promise.all(bases.map(({ name }) => localImageId(reader.docker, name, signal)));
  // Secrets' values stay out, as they do with BuildKit's own cache: a token that was renewed builds the same image.
  const parts = {
    recipe,
    tree: treeHash(tree, contents),
    dockerfile,
    args: Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1)),
    target,
    bases: bases.map(({ name }, index) => [name, baseIds[index] ?? 'elsewhere']),
    secrets: Object.keys(source.secrets).sort(),
  };
  return { source, label, tree, contents, dockerfile, bases, hash: hash('sha256', JSON.stringify(parts)) };
};

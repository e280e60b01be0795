import { hash } from 'node:crypto';
import type { ImageRef } from '../../model/index.ts';
import { counted, imageRef, PointsmanError } from '../../model/index.ts';
import { BuildPlaces } from '../build-places.ts';
import type { ContentHashes } from '../content-hashes.ts';
import { ContentHasher } from '../content-hashes.ts';
import type { Builder, BuildProgress, BuildRequest, BuildResult, StoredImage } from '../port.ts';
import { buildFromRestlessSource } from '../restless-source.ts';
import { SharedWork } from '../shared-work.ts';
import type { SourceTree } from '../source-tree.ts';
import { readSourceTree } from '../source-tree.ts';
import { treeHash } from '../tree-hash.ts';
import { runBuildCommand } from './build-command.ts';
import { copyTree } from './copy-tree.ts';
import { SnapshotStore } from './snapshot-store.ts';

export interface SnapshotBuilderOptions {
  /** Snapshots go to `<stateFolder>/snapshots/<hash>`, and `snapshot:<hash>` is the image. */
  readonly stateFolder: string;
  /** Builds running at once; by default half of the cores. */
  readonly concurrency?: number;
}

interface SnapshotInput {
  readonly label: string;
  readonly tree: SourceTree;
  readonly contents: ContentHashes;
  readonly buildCommand: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly hash: string;
}

export const createSnapshotBuilder = (options: SnapshotBuilderOptions): Builder => new SnapshotBuilder(options);

const scheme = 'snapshot:';

class SnapshotBuilder implements Builder {
  readonly #stateFolder: string;
  readonly #hasher: ContentHasher;
  readonly #store: SnapshotStore;
  readonly #places: BuildPlaces;
  readonly #work = new SharedWork<'built' | 'cached', BuildProgress>();

  constructor(options: SnapshotBuilderOptions) {
    this.#stateFolder = options.stateFolder;
    this.#hasher = new ContentHasher(options.stateFolder);
    this.#store = new SnapshotStore(options.stateFolder);
    this.#places = new BuildPlaces(options.concurrency);
  }

  async inputHash(request: BuildRequest, signal: AbortSignal): Promise<string> {
    return (await this.#read(request, signal)).hash;
  }

  build(
    request: BuildRequest,
    onProgress: (progress: BuildProgress) => void,
    signal: AbortSignal,
  ): Promise<BuildResult> {
    const begunAt = performance.now();
    return buildFromRestlessSource(request.label, signal, async () => {
      const input = await this.#read(request, signal);
      const make = (tell: typeof onProgress, ended: AbortSignal): Promise<'built' | 'cached'> =>
        this.#make(input, tell, ended);
      const { result, joined } = await this.#work.run(input.hash, make, onProgress, signal);
      const how = joined && result === 'built' ? 'shared' : result;
      return { image: imageRef(`${scheme}${input.hash}`), how, durationMs: performance.now() - begunAt };
    });
  }

  async has(image: ImageRef): Promise<boolean> {
    return image.startsWith(scheme) && this.#store.has(image.slice(scheme.length));
  }

  async stored(): Promise<readonly StoredImage[]> {
    return (await this.#store.sizes()).map(({ name, bytes }) => ({ image: imageRef(`${scheme}${name}`), bytes }));
  }

  /** A snapshot that is being made stays, too. */
  async collect(keep: ReadonlySet<ImageRef>): Promise<readonly ImageRef[]> {
    const kept = new Set([...this.#work.keys(), ...[...keep].map((image) => image.slice(scheme.length))]);
    return (await this.#store.collect(kept)).map((name) => imageRef(`${scheme}${name}`));
  }

  close(): Promise<void> {
    return this.#work.close();
  }

  async #read(request: BuildRequest, signal: AbortSignal): Promise<SnapshotInput> {
    const { source, label } = request;
    if (source.kind === 'image') throw needsImages(label, source.reference);
    const { context: root, dockerfile, buildCommand } = source;
    const tree = await readSourceTree({ root, dockerfile, stateFolder: this.#stateFolder, signal });
    const contents = await this.#hasher.hash(tree, signal);
    const args = Object.entries(source.args).sort(([a], [b]) => (a < b ? -1 : 1));
    const parts = { tree: treeHash(tree, contents), buildCommand, args, secrets: Object.keys(source.secrets).sort() };
    const variables = { ...source.args, ...source.secrets };
    return { label, tree, contents, buildCommand, variables, hash: hash('sha256', JSON.stringify(parts)).slice(0, 32) };
  }

  async #make(
    input: SnapshotInput,
    onProgress: (progress: BuildProgress) => void,
    signal: AbortSignal,
  ): Promise<'built' | 'cached'> {
    if (await this.#store.has(input.hash)) return 'cached';
    await this.#places.run(() => this.#fill(input, onProgress, signal), signal);
    return 'built';
  }

  async #fill(input: SnapshotInput, onProgress: (progress: BuildProgress) => void, signal: AbortSignal): Promise<void> {
    const { label, tree, contents, buildCommand, variables } = input;
    await this.#store.fill(input.hash, async (folder) => {
      onProgress({ kind: 'step', text: `copy ${tree.root} (${counted(contents.size, 'file')})` });
      await copyTree(tree, contents, folder, signal);
      if (buildCommand === undefined) return;
      onProgress({ kind: 'step', text: `RUN ${buildCommand}` });
      await runBuildCommand({ label, command: buildCommand, folder, variables }, onProgress, signal);
    });
  }
}

const needsImages = (label: string, reference: string): PointsmanError =>
  new PointsmanError('CAPABILITY_MISSING', {
    message: `${label} runs the image ${reference}, which needs Docker`,
    fix: 'start Docker and use the docker engine',
  });

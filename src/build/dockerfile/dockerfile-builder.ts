import Docker from 'dockerode';
import type { DockerOptions } from 'dockerode';
import type { ImageRef } from '../../model/index.ts';
import { imageRef, PointsmanError } from '../../model/index.ts';
import { BuildPlaces } from '../build-places.ts';
import { ContentHasher } from '../content-hashes.ts';
import { dockerError, localImageId } from '../docker-connection.ts';
import type { Builder, BuildProgress, BuildRequest, BuildResult, StoredImage } from '../port.ts';
import { SharedWork } from '../shared-work.ts';
import { buildFromRestlessSource } from '../restless-source.ts';
import type { Backend, BuildInput, BuildSource } from './build-input.ts';
import { readBuildInput } from './build-input.ts';
import { BuiltImages, tagOf } from './built-images.ts';
import { hasBuildkit } from './engine-api.ts';
import { runBuild } from './run-build.ts';

export interface DockerfileBuilderOptions {
  /** How Docker is reached; by default DOCKER_HOST, else the local socket. */
  readonly docker?: DockerOptions;
  /** With the state folder: whose images `collect` may remove. */
  readonly project: string;
  readonly stateFolder: string;
  /** By default BuildKit where the engine has it. */
  readonly backend?: Backend;
  /** Builds running at once; by default half of the cores. */
  readonly concurrency?: number;
}

type Made = { readonly image: ImageRef; readonly how: 'built' | 'cached' };

export const createDockerfileBuilder = (options: DockerfileBuilderOptions): Builder => new DockerfileBuilder(options);

class DockerfileBuilder implements Builder {
  readonly #docker: Docker;
  readonly #options: DockerfileBuilderOptions;
  readonly #hasher: ContentHasher;
  readonly #images: BuiltImages;
  readonly #places: BuildPlaces;
  readonly #work = new SharedWork<Made, BuildProgress>();
  #backend: Promise<Backend> | undefined;

  constructor(options: DockerfileBuilderOptions) {
    this.#options = options;
    this.#docker = new Docker(options.docker);
    this.#hasher = new ContentHasher(options.stateFolder);
    this.#images = new BuiltImages(this.#docker, options);
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
      const make = (tell: typeof onProgress, ended: AbortSignal): Promise<Made> => this.#make(input, tell, ended);
      const { result, joined } = await this.#work.run(input.hash, make, onProgress, signal);
      await this.#images.name(result.image, request.label, input.hash);
      const how = joined && result.how === 'built' ? 'shared' : result.how;
      return { image: result.image, how, durationMs: performance.now() - begunAt };
    });
  }

  async has(image: ImageRef, signal: AbortSignal): Promise<boolean> {
    return image.startsWith('sha256:') && (await localImageId(this.#docker, image, signal)) !== undefined;
  }

  stored(signal: AbortSignal): Promise<readonly StoredImage[]> {
    return this.#images.stored(signal);
  }

  /** An image whose build is under way stays, too. */
  collect(keep: ReadonlySet<ImageRef>, signal: AbortSignal): Promise<readonly ImageRef[]> {
    const underWay = new Set([...this.#work.keys()].map(tagOf));
    return this.#images.collect((image, tag) => keep.has(image) || underWay.has(tag), signal);
  }

  close(): Promise<void> {
    return this.#work.close();
  }

  #read(request: BuildRequest, signal: AbortSignal): Promise<BuildInput> {
    const reader = { docker: this.#docker, hasher: this.#hasher, stateFolder: this.#options.stateFolder };
    return readBuildInput(reader, buildSource(request), request.label, signal);
  }

  async #make(input: BuildInput, onProgress: (progress: BuildProgress) => void, signal: AbortSignal): Promise<Made> {
    const known = await this.#images.find(input.hash, signal);
    if (known !== undefined) return { image: known, how: 'cached' };
    const backend = await this.#chooseBackend();
    if (backend === 'classic' && Object.keys(input.source.secrets).length > 0) throw noSecrets(input.label);
    const name = this.#images.nameFor(input.label, input.hash);
    const built = await this.#places.run(
      () => runBuild({ docker: this.#docker, backend, input, name }, onProgress, signal),
      signal,
    );
    return { image: imageRef(built), how: 'built' };
  }

  /** Asked once; again after a failure. */
  async #chooseBackend(): Promise<Backend> {
    if (this.#options.backend !== undefined) return this.#options.backend;
    this.#backend ??= hasBuildkit(this.#docker).then((has) => (has ? 'buildkit' : 'classic'));
    try {
      return await this.#backend;
    } catch (error) {
      this.#backend = undefined;
      throw dockerError('asking for its version', error);
    }
  }
}

const buildSource = (request: BuildRequest): BuildSource => {
  if (request.source.kind === 'build') return request.source;
  throw new PointsmanError('CAPABILITY_MISSING', {
    message: `${request.label} runs the image ${request.source.reference}: there is nothing to build`,
  });
};

const noSecrets = (label: string): PointsmanError =>
  new PointsmanError('CAPABILITY_MISSING', {
    message: `the build of ${label} needs secrets, which only BuildKit can give to a build; this engine builds without it`,
    fix: 'use Docker 18.09 or newer on Linux, or take the secrets out of build.secrets',
  });

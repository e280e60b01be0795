import { hash } from 'node:crypto';
import Docker from 'dockerode';
import type { DockerOptions } from 'dockerode';
import type { ImageRef } from '../../model/index.ts';
import { imageRef, PointsmanError } from '../../model/index.ts';
import { localImageId } from '../docker-connection.ts';
import type { Builder, BuildProgress, BuildRequest, BuildResult } from '../port.ts';
import { SharedWork } from '../shared-work.ts';
import { pullImage } from './pull-image.ts';

export interface PrebuiltBuilderOptions {
  /** How Docker is reached; by default DOCKER_HOST, else the local socket. */
  readonly docker?: DockerOptions;
}

/** Images that somebody else built. One that is here is taken as it is; any other is pulled. They are not ours, so none is ever removed. */
export const createPrebuiltBuilder = (options: PrebuiltBuilderOptions): Builder => {
  const docker = new Docker(options.docker);
  const work = new SharedWork<Found, BuildProgress>();

  const build: Builder['build'] = async (request, onProgress, signal) => {
    const begunAt = performance.now();
    const reference = referenceOf(request);
    const find = (tell: typeof onProgress, ended: AbortSignal): Promise<Found> =>
      findOrPull(docker, reference, tell, ended);
    const { result, joined } = await work.run(reference, find, onProgress, signal);
    const how: BuildResult['how'] = joined && result.how === 'built' ? 'shared' : result.how;
    return { image: result.image, how, durationMs: performance.now() - begunAt };
  };
  return {
    // The name, not what it means today: else a pull alone, or a tag that moved, would look like a change of the service.
    inputHash: async (request) => hash('sha256', referenceOf(request)),
    build,
    has: async (image, signal) =>
      image.startsWith('sha256:') && (await localImageId(docker, image, signal)) !== undefined,
    stored: async () => [],
    collect: async () => [],
    close: () => work.close(),
  };
};

interface Found {
  readonly image: ImageRef;
  readonly how: 'built' | 'cached';
}

const findOrPull = async (
  docker: Docker,
  reference: string,
  onProgress: (progress: BuildProgress) => void,
  signal: AbortSignal,
): Promise<Found> => {
  const here = await localImageId(docker, reference, signal);
  if (here !== undefined) return { image: imageRef(here), how: 'cached' };
  onProgress({ kind: 'step', text: `pull ${reference}` });
  await pullImage(docker, reference, onProgress, signal);
  const pulled = await localImageId(docker, reference, signal);
  if (pulled !== undefined) return { image: imageRef(pulled), how: 'built' };
  throw new PointsmanError('BUILD_FAILED', {
    message: `the image ${reference} was pulled, but is not here`,
    fix: 'look whether something else removes images on this machine',
  });
};

const referenceOf = (request: BuildRequest): string => {
  if (request.source.kind === 'image') return request.source.reference;
  throw new PointsmanError('CAPABILITY_MISSING', { message: `${request.label} is built from source, not pulled` });
};

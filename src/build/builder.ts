import { PointsmanError } from '../model/index.ts';
import type { ImageRef } from '../model/index.ts';
import type { Builder, BuildRequest } from './port.ts';

export interface BuilderParts {
  /** Source → Docker image. */
  readonly dockerfile?: Builder;
  /** Source → copied folder, for an engine without images. */
  readonly snapshot?: Builder;
  /** Image by reference. */
  readonly prebuilt?: Builder;
}

/** One builder out of those that the engine in use can work with; the request's kind picks. */
export const createBuilder = (parts: BuilderParts): Builder => {
  const all = [parts.dockerfile, parts.snapshot, parts.prebuilt].filter((part) => part !== undefined);
  return {
    inputHash: async (request, signal) => pick(parts, request).inputHash(request, signal),
    build: async (request, onProgress, signal) => pick(parts, request).build(request, onProgress, signal),
    has: async (image, signal) => {
      for (const part of all) if (await part.has(image, signal)) return true;
      return false;
    },
    stored: async (signal) => (await Promise.all(all.map((part) => part.stored(signal)))).flat(),
    collect: async (keep, signal) => {
      const removed: ImageRef[] = [];
      for (const part of all) removed.push(...(await part.collect(keep, signal)));
      return removed;
    },
    close: async () => {
      await Promise.all(all.map((part) => part.close()));
    },
  };
};

const pick = (parts: BuilderParts, request: BuildRequest): Builder => {
  switch (request.source.kind) {
    case 'build': {
      const builder = parts.dockerfile ?? parts.snapshot;
      if (builder !== undefined) return builder;
      throw missing(`${request.label} is built from source, which nothing here can do`);
    }
    case 'image':
      if (parts.prebuilt !== undefined) return parts.prebuilt;
      throw missing(`${request.label} runs the image ${request.source.reference}, which needs Docker`);
  }
};

const missing = (message: string): PointsmanError =>
  new PointsmanError('CAPABILITY_MISSING', { message, fix: 'start Docker and use the docker engine' });

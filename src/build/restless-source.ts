import { PointsmanError } from '../model/index.ts';
import { buildCancelled } from './build-cancelled.ts';

/** A file is no longer what was hashed: what was being made of it must not be taken for the hash's image. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
  constructor(path: string) {
    super(`${path} changed while it was being read`);
  }
}

/** Tries to catch a source that is being written to while it is read. */
const triesAtSource = 3;

/** Does it again when the source changed in the middle: what was hashed and what was built must be the same. */
export const buildFromRestlessSource = async <Result>(
  label: string,
  signal: AbortSignal,
  build: () => Promise<Result>,
): Promise<Result> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await build();
    } catch (error) {
      if (signal.aborted) throw buildCancelled(error);
      if (!(error instanceof SourceChanged)) throw error;
      if (attempt === triesAtSource) throw restlessSource(label, error);
    }
  }
};

const restlessSource = (label: string, cause: SourceChanged): PointsmanError =>
  new PointsmanError('BUILD_FAILED', {
    message: `the source of ${label} changed ${triesAtSource} times while it was being read: ${cause.message}`,
    fix: 'list in .dockerignore what is written all the time (logs, caches, data)',
    cause,
  });

import type Docker from 'dockerode';
import { PointsmanError } from '../model/index.ts';

const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
  'EPIPE',
  'EACCES',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
]);

/** What Docker's client threw, as an error of ours. */
export const dockerError = (doing: string, error: unknown): PointsmanError => {
  if (error instanceof PointsmanError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'code' in error && unreachableCodes.has(String(error.code))) {
    return new PointsmanError('ENGINE_UNREACHABLE', {
      message: `Docker does not answer (${String(error.code)}) while ${doing}`,
      fix: 'start Docker, or set DOCKER_HOST to where it listens',
      cause: error,
    });
  }
  return new PointsmanError('ENGINE_FAILED', {
    message: `Docker refused while ${doing}: ${messageIn(message)}`,
    cause: error,
  });
};

export const isNotFound = (error: unknown): boolean => statusOf(error) === 404;
export const isConflict = (error: unknown): boolean => statusOf(error) === 409;

/** The id of an image that is here, by name or id. */
export const localImageId = async (
  docker: Docker,
  reference: string,
  signal: AbortSignal,
): Promise<string | undefined> => {
  // It becomes part of a request's path; what is no name can't be here either.
  if (!/^\w[\w.:@/-]*$/.test(reference) || reference.includes('..')) return undefined;
  try {
    // The client takes the signal in every call; its types don't know of it in this one.
    const options: Docker.ImageInspectOptions & { abortSignal: AbortSignal } = { abortSignal: signal };
    const image = await docker.getImage(reference).inspect(options);
    return image.Id;
  } catch (error) {
    if (isNotFound(error) || String(error).includes('invalid reference format')) return undefined;
    throw dockerError(`looking for the image ${reference}`, error);
  }
};

const statusOf = (error: unknown): unknown =>
  error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;

/** `(HTTP code 500) server error - message ` → message */
const messageIn = (text: string): string => text.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim();

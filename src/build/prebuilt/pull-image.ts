import type Docker from 'dockerode';
import { LineSplitter } from '../../lib/index.ts';
import { PointsmanError } from '../../model/index.ts';
import { dockerError } from '../docker-connection.ts';
import type { BuildProgress } from '../port.ts';

/** Throws BUILD_FAILED with the registry's own words, or ENGINE_UNREACHABLE. */
export const pullImage = async (
  docker: Docker,
  reference: string,
  onProgress: (progress: BuildProgress) => void,
  signal: AbortSignal,
): Promise<void> => {
  try {
    const answer = await docker.pull(withTag(reference), { abortSignal: signal });
    const failure = await follow(answer, onProgress);
    if (failure !== undefined) throw pullFailed(reference, failure);
  } catch (error) {
    signal.throwIfAborted();
    const known = dockerError(`pulling ${reference}`, error);
    throw known.code === 'ENGINE_FAILED' ? pullFailed(reference, known.message) : known;
  }
};

/** Without a tag Docker would pull all of them. */
const withTag = (reference: string): string => {
  const name = reference.split('/').at(-1) ?? '';
  return name.includes(':') || name.includes('@') ? reference : `${reference}:latest`;
};

interface PullMessage {
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly total?: number };
  readonly error?: string;
}

/** A line for each thing that happens to a layer; the moving figures are left out. */
const follow = async (
  stream: NodeJS.ReadableStream,
  onProgress: (progress: BuildProgress) => void,
): Promise<string | undefined> => {
  const said = new Set<string>();
  const ended: { failure?: string } = {};
  const messages = new LineSplitter((line) => {
    if (line.trim() === '') return;
    const { id, status, error } = JSON.parse(line) as PullMessage;
    if (error !== undefined) ended.failure = error;
    if (status === undefined) return;
    const text = id === undefined ? status : `${id}: ${status}`;
    if (said.has(text)) return;
    said.add(text);
    onProgress({ kind: 'line', text });
  });
  for await (const chunk of stream) messages.push(chunk as Buffer);
  messages.end();
  return ended.failure;
};

const pullFailed = (reference: string, failure: string): PointsmanError =>
  new PointsmanError('BUILD_FAILED', {
    message: `the image ${reference} is not here and can't be pulled: ${failure}`,
    fix: 'check its name and the way to its registry, or name an image that is here (docker images)',
  });

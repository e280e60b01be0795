import type Docker from 'dockerode';
import { PointsmanError } from '../../model/index.ts';
import { untilAbort } from '../until-abort.ts';

/** Longest wait for one answer of the Docker API. Creating and starting take well under a second; a busy laptop may need ten. */
const answerLimitMs = 60_000;

/** One call of the Docker API: bounded in time, cancelled by the signal, its failures in our words. */
export const askDocker = async <Answer>(
  what: string,
  signal: AbortSignal,
  ask: (abortSignal: AbortSignal) => Promise<Answer>,
): Promise<Answer> => {
  signal.throwIfAborted();
  const limit = AbortSignal.timeout(answerLimitMs);
  try {
    const either = AbortSignal.any([signal, limit]);
    // Not every call of the client library heeds its signal.
    return await untilAbort(ask(either), either);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw engineError(what, error);
  }
};

/** Like askDocker for answers that go on: only the wait for their beginning is bounded. */
export const openDockerStream = async <Stream>(
  what: string,
  signal: AbortSignal,
  open: (abortSignal: AbortSignal) => Promise<Stream>,
): Promise<Stream> => {
  signal.throwIfAborted();
  const opening = new AbortController();
  const timer = setTimeout(() => opening.abort(new DOMException('no answer', 'TimeoutError')), answerLimitMs);
  try {
    return await open(AbortSignal.any([signal, opening.signal]));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw engineError(what, error);
  } finally {
    clearTimeout(timer);
  }
};

/** For idempotence: these HTTP statuses mean that what was asked for is already so. */
export const tolerating = async <Answer>(
  statuses: readonly number[],
  answer: Promise<Answer>,
): Promise<Answer | undefined> => {
  try {
    return await answer;
  } catch (error) {
    if (statuses.includes(httpStatus(error) ?? 0)) return undefined;
    throw error;
  }
};

/** The status of a refused request, also when it was already put in our words; undefined for anything else. */
export const httpStatus = (error: unknown): number | undefined => {
  const raw = error instanceof PointsmanError ? error.cause : error;
  return isRecord(raw) && typeof raw['statusCode'] === 'number' ? raw['statusCode'] : undefined;
};

export const engineError = (what: string, error: unknown): PointsmanError => {
  if (error instanceof PointsmanError) return error;
  if (httpStatus(error) !== undefined) {
    return new PointsmanError('ENGINE_FAILED', {
      message: `Docker refused to ${what}: ${engineWords(error)}`,
      cause: error,
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new PointsmanError('ENGINE_UNREACHABLE', {
    message: `Docker did not answer when asked to ${what}: ${reason}`,
    fix: fixFor(isRecord(error) ? error['code'] : undefined),
    cause: error,
  });
};

/** What the engine itself said, without the client library's frame around it. */
export const engineWords = (error: unknown): string => {
  const raw = error instanceof PointsmanError ? error.cause : error;
  const json = isRecord(raw) ? raw['json'] : undefined;
  if (isRecord(json) && typeof json['message'] === 'string') return json['message'];
  const text = raw instanceof Error ? raw.message : String(raw);
  return text.replace(/^\(HTTP code \d+\) .*? - /, '').trim();
};

/** The few options of a connection that people set; everything else follows DOCKER_HOST. */
export type DockerConnection = Pick<
  Docker.DockerOptions,
  'socketPath' | 'host' | 'port' | 'protocol' | 'ca' | 'cert' | 'key'
>;

const fixFor = (code: unknown): string => {
  switch (code) {
    case 'EACCES':
      return 'Your user may not open the Docker socket: add it to the group `docker` and log in again, or set DOCKER_HOST.';
    case 'ENOENT':
    case 'ECONNREFUSED':
      return 'Start Docker (`dockerd`, Docker Desktop), set DOCKER_HOST if it listens elsewhere, or use `--engine process`.';
    default:
      return 'See whether `docker version` answers; Pointsman carries on by itself once Docker does.';
  }
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

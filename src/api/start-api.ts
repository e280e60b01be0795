import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { EnvironmentsControl } from '../control/index.ts';
import { systemClock } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import { failureAnswer } from './failures.ts';
import { addRoutes } from './routes.ts';
import { listenOnSocket } from './socket.ts';

export interface ApiOptions {
  readonly control: EnvironmentsControl;
  readonly socketPath: string;
  /** Its abort closes the API. */
  readonly signal: AbortSignal;
  /** Silence on a stream after which a comment is sent. */
  readonly heartbeatSeconds?: number;
}

export interface Api {
  readonly socketPath: string;
  /** Ends the streams, lets answers that are on their way out finish, removes the socket. */
  close(): Promise<void>;
  /** The same without waiting for anybody. */
  destroy(): Promise<void>;
}

/** Answers of a dead client must not hold up the supervisor's end. */
const closeWithinSeconds = 5;

/** Serves the control over HTTP on a unix socket. Throws SUPERVISOR_RUNNING when somebody already answers there. */
export const startApi = async (options: ApiOptions): Promise<Api> => {
  const ending = new AbortController();
  const app = fastify({ forceCloseConnections: 'idle', bodyLimit: 1024 * 1024 });
  acceptEmptyBodies(app);
  answerFailures(app);
  addRoutes(app, { control: options.control, heartbeatSeconds: options.heartbeatSeconds ?? 15, ending: ending.signal });
  await app.ready();
  await listenOnSocket(app.server, options.socketPath);

  const close = async (): Promise<void> => {
    ending.abort(new Error('the supervisor ends'));
    const cancel = systemClock.after(closeWithinSeconds * 1000, () => app.server.closeAllConnections());
    await app.close();
    cancel();
  };
  const destroy = (): Promise<void> => {
    app.server.closeAllConnections();
    return close();
  };
  options.signal.addEventListener('abort', () => void close(), { once: true });
  return { socketPath: options.socketPath, close, destroy };
};

/** `curl -X POST` sends neither body nor type: every endpoint has defaults to live with that. */
const acceptEmptyBodies = (app: FastifyInstance): void => {
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(String(body)));
    } catch (error) {
      done(notJson(error), undefined);
    }
  });
  app.removeContentTypeParser('application/json');
};

const answerFailures = (app: FastifyInstance): void => {
  app.setErrorHandler(async (error, _request, reply) => {
    const { status, body } = failureAnswer(isBadRequest(error) ? badRequest(error) : error);
    return reply.status(status).send(body);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const error = new PointsmanError('USAGE', { message: `There is no endpoint ${request.method} ${request.url}.` });
    return reply.status(404).send(failureAnswer(error).body);
  });
};

const notJson = (error: unknown): PointsmanError =>
  new PointsmanError('USAGE', {
    message: `The body is not JSON: ${error instanceof Error ? error.message : String(error)}.`,
  });

/** fastify's own refusals: a body that is too large, a broken URL. */
const isBadRequest = (error: unknown): error is Error =>
  error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500;

const badRequest = (error: Error): PointsmanError =>
  new PointsmanError('USAGE', { message: error.message, cause: error });

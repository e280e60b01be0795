import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EnvironmentsControl, SupervisorControl } from '../control/index.ts';
import { environmentHeader } from '../protocol/index.ts';
import { bodies, check, queries } from './bodies.ts';
import { writeEvents } from './sse.ts';

export interface RouteContext {
  readonly control: EnvironmentsControl;
  readonly heartbeatSeconds: number;
  /** The API's own life. */
  readonly ending: AbortSignal;
}

export const addRoutes = (app: FastifyInstance, context: RouteContext): void => {
  addEnvironments(app, context);
  addQuestions(app, context);
  addCommands(app, context);
  addStreams(app, context);
};

const addEnvironments = (app: FastifyInstance, context: RouteContext): void => {
  const { control, ending } = context;
  app.get('/v1/environments', () => control.list());
  // Half an opening helps nobody: it goes on although the asker went away.
  app.post('/v1/environments', async (request) => {
    await control.open(check(bodies.environment, request.body).name, ending);
    return {};
  });
  app.post('/v1/domains/swap', async (request) => control.swapDomains(check(bodies.swap, request.body), ending));
};

/** Who answers a request: the environment that its header names, or the first one. */
const controlOf =
  ({ control }: RouteContext) =>
  (request: Pick<FastifyRequest, 'headers'>): SupervisorControl =>
    control.of(environmentOf(request));

const environmentOf = ({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined => {
  const name = headers[environmentHeader];
  return typeof name === 'string' && name !== '' ? name : undefined;
};

const addQuestions = (app: FastifyInstance, context: RouteContext): void => {
  const of = controlOf(context);
  app.get('/v1/status', async (request) => of(request).status());
  app.post('/v1/plan', async (request, reply) =>
    of(request).plan(check(bodies.deploy, request.body), asker(reply, context)),
  );
  app.get('/v1/revisions', async (request) => of(request).revisions(check(queries.revisions, request.query).service));
  app.get('/v1/releases', async (request) => of(request).releases());
  app.get('/v1/diff', async (request) => of(request).diff(check(queries.diff, request.query)));
  app.get('/v1/explain', async (request, reply) =>
    of(request).explain(check(queries.explain, request.query).service, asker(reply, context)),
  );
  app.get<DeployPath>('/v1/deploys/:id', async (request) => of(request).deployReport(request.params.id));
};

const addCommands = (app: FastifyInstance, context: RouteContext): void => {
  const of = controlOf(context);
  app.post('/v1/apply', async (request, reply) =>
    of(request).apply(check(bodies.apply, request.body), asker(reply, context)),
  );
  app.post('/v1/deploy', async (request, reply) =>
    of(request).deploy(check(bodies.deploy, request.body), asker(reply, context)),
  );
  app.post('/v1/rollback', async (request, reply) =>
    of(request).rollback(check(bodies.rollback, request.body), asker(reply, context)),
  );
  app.post('/v1/restart', async (request, reply) =>
    of(request).restart(check(bodies.service, request.body), asker(reply, context)),
  );
  app.post('/v1/promote', async (request) => of(request).promote(check(bodies.promote, request.body)));
  app.post('/v1/abort', async (request) => of(request).abort(check(bodies.service, request.body)));
  app.post('/v1/pause', async (request) => of(request).pause(check(bodies.service, request.body)));
  app.post('/v1/resume', async (request) => of(request).resume(check(bodies.service, request.body)));
  app.post('/v1/scale', async (request, reply) =>
    of(request).scale(check(bodies.scale, request.body), asker(reply, context)),
  );
  app.post('/v1/gc', async (request) => of(request).gc(check(bodies.gc, request.body)));
  app.post('/v1/exec', async (request, reply) =>
    of(request).exec(check(bodies.exec, request.body), asker(reply, context)),
  );
  // Half a removal helps nobody: it goes on although the asker went away.
  app.post('/v1/down', async (request) => {
    await context.control.down(environmentOf(request), check(bodies.down, request.body), context.ending);
    return {};
  });
  app.post('/v1/shutdown', async (request) => {
    check(bodies.nothing, request.body);
    context.control.shutdown();
    return {};
  });
};

const addStreams = (app: FastifyInstance, context: RouteContext): void => {
  const of = controlOf(context);
  app.get<DeployPath>('/v1/deploys/:id/stream', (request, reply) => {
    const control = of(request);
    control.deployReport(request.params.id); // an unknown id is a 404, not a stream that fails
    return stream(reply, context, (signal) => control.followDeploy(request.params.id, signal));
  });
  app.get('/v1/events', (request, reply) => {
    const filter = check(queries.events, request.query);
    const control = of(request);
    return stream(reply, context, (signal) => control.events(filter, signal));
  });
  app.get('/v1/logs', (request, reply) => {
    const filter = check(queries.logs, request.query);
    const control = of(request);
    return stream(reply, context, (signal) => control.logs(filter, signal));
  });
};

interface DeployPath {
  Params: { id: string };
}

const stream = async (
  reply: FastifyReply,
  context: RouteContext,
  open: (signal: AbortSignal) => AsyncIterable<unknown>,
): Promise<void> => {
  const signal = asker(reply, context);
  const source = open(signal);
  reply.hijack();
  await writeEvents(reply.raw, source, { heartbeatSeconds: context.heartbeatSeconds, signal });
};

/** Aborts when the one who asked went away before the answer was complete, or the API ends. */
const asker = (reply: FastifyReply, context: RouteContext): AbortSignal => {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new Error('the client went away'));
  });
  return AbortSignal.any([gone.signal, context.ending]);
};

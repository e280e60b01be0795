import { request as startRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { LineSplitter } from '../../lib/index.ts';
import { errorFromReport, PointsmanError } from '../../model/index.ts';
import type { ErrorReport } from '../../model/index.ts';
import { environmentHeader } from '../../protocol/index.ts';

export interface ApiRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** Which environment it is about; undefined: the first one. */
  readonly environment?: string | undefined;
  readonly signal: AbortSignal;
}

/** One question, one answer. Throws the supervisor's own error, or SUPERVISOR_UNREACHABLE, or the signal's reason. */
export const ask = async <Answer>(request: ApiRequest): Promise<Answer> => {
  const response = await send(request);
  const text = await readAll(response, request);
  return JSON.parse(text) as Answer;
};

/** Server-sent events, one JSON value each, until the supervisor ends the stream. */
export async function* listen<Value>(request: ApiRequest): AsyncGenerator<Value> {
  const response = await send(request);
  let failing = false;
  try {
    for await (const line of linesOf(response)) {
      if (line === 'event: error') failing = true;
      if (!line.startsWith('data: ')) continue;
      if (failing) throw failureOf(line.slice(6));
      yield JSON.parse(line.slice(6)) as Value;
    }
  } catch (error) {
    throw explain(error, request);
  } finally {
    response.destroy();
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for await (const chunk of response) {
    splitter.push(chunk as Buffer);
    yield* lines.splice(0);
  }
}

const send = async (request: ApiRequest): Promise<IncomingMessage> => {
  request.signal.throwIfAborted();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const { socketPath, method, path, signal } = request;
    const headers = {
      host: 'supervisor',
      'content-type': 'application/json',
      connection: 'close',
      ...(request.environment !== undefined && { [environmentHeader]: request.environment }),
    };
    const outgoing = startRequest({ socketPath, method, path, headers, signal, agent: false });
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => reject(explain(error, request)));
    outgoing.end(request.body === undefined ? undefined : JSON.stringify(request.body));
  });
  if (response.statusCode !== 200) throw failureOf(await readAll(response, request));
  return response;
};

const readAll = async (response: IncomingMessage, request: ApiRequest): Promise<string> => {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw explain(error, request);
  }
  return Buffer.concat(chunks).toString();
};

const failureOf = (text: string): PointsmanError => errorFromReport((JSON.parse(text) as { error: ErrorReport }).error);

/** Our own abort keeps its reason; everything else on this socket means that the supervisor is out of reach. */
const explain = (error: unknown, request: ApiRequest): unknown => {
  if (request.signal.aborted) return request.signal.reason;
  if (error instanceof PointsmanError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const absent = code === 'ENOENT' || code === 'ECONNREFUSED';
  return new PointsmanError('SUPERVISOR_UNREACHABLE', {
    message: absent
      ? `No supervisor answers on ${request.socketPath}.`
      : `The supervisor went away while it answered (${code ?? String(error)}).`,
    fix: absent
      ? 'Start it with `pointsman up`, or name the project with --manifests (or --state-dir).'
      : 'See supervisor.log in the state folder, then run `pointsman up` again.',
    cause: error,
  });
};

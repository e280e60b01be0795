import type { IncomingMessage } from 'node:http';
import { connectionWords } from '../health/index.ts';
import { nodeHttp } from '../lib/index.ts';
import type { Question } from '../model/index.ts';
import { differenceFrom } from './json-path.ts';
import type { Finding, HttpPlace } from './port.ts';

type HttpQuestion = Extract<Question, { kind: 'http' }>;

const longestBody = 1024 * 1024;

/** One request on a connection of its own; its whole answer is judged. */
export const askByHttp = (question: HttpQuestion, to: HttpPlace, signal: AbortSignal): Promise<Finding> =>
  new Promise((resolve) => {
    const { method, path, headers, body } = question;
    const outgoing = nodeHttp().request({
      host: to.address.host,
      port: to.address.port,
      method,
      path,
      headers: { host: question.host ?? to.host, 'user-agent': 'pointsman-verify', connection: 'close', ...headers },
      agent: false,
      signal,
    });
    outgoing.once('response', (response) => {
      void readBody(response).then(
        (text) => resolve(judge(question, response.statusCode ?? 0, text)),
        (error: Error) => resolve({ ok: false, words: `${method} ${path}: the answer broke off (${error.message})` }),
      );
    });
    outgoing.on('error', (error) => resolve({ ok: false, words: connectionWords(error, to.address) }));
    outgoing.end(body);
  });

const readBody = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  const size = { bytes: 0 };
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size.bytes += chunk.length;
    if (size.bytes > longestBody) throw new Error(`more than ${longestBody} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const judge = (question: HttpQuestion, status: number, body: string): Finding => {
  const asked = `${question.method} ${question.path}`;
  if (status !== question.status) {
    return { ok: false, words: `${asked} answered ${status}, wanted ${question.status}${excerpt(body)}` };
  }
  if (question.contains !== undefined && !body.includes(question.contains)) {
    return { ok: false, words: `${asked} answered ${status} without "${question.contains}"${excerpt(body)}` };
  }
  const difference = differenceFrom(question.json, body);
  return difference === undefined
    ? { ok: true, words: `${asked} answered ${status} as wanted` }
    : { ok: false, words: `${asked} answered ${status}, but ${difference}` };
};

const excerpt = (body: string): string => {
  const text = body.trim().replaceAll(/\s+/g, ' ').slice(0, 120);
  return text === '' ? '' : `: ${text}`;
};

import type { IncomingMessage } from 'node:http';
import { connectionWords } from '../health/index.ts';
import { LineSplitter, nodeHttp } from '../lib/index.ts';
import type { Question } from '../model/index.ts';
import type { Finding, HttpPlace } from './port.ts';

type SseQuestion = Extract<Question, { kind: 'sse' }>;

const longestLine = 64 * 1024;

/** Opens the stream and waits for a sign of life: an event that fits, or, where any will do, a comment. */
export const askBySse = (question: SseQuestion, to: HttpPlace, signal: AbortSignal): Promise<Finding> =>
  new Promise((resolve) => {
    const { path } = question;
    const outgoing = nodeHttp().request({
      host: to.address.host,
      port: to.address.port,
      path,
      headers: { host: question.host ?? to.host, accept: 'text/event-stream', 'user-agent': 'pointsman-verify' },
      agent: false,
      signal,
    });
    const conclude = (finding: Finding): void => {
      resolve(finding);
      outgoing.destroy();
    };
    outgoing.once('response', (response) => {
      const refusal = refusalOf(path, response);
      if (refusal === undefined) listen(question, response, conclude);
      else conclude({ ok: false, words: refusal });
    });
    // Stays for errors that come after the answer, which no longer matter.
    outgoing.on('error', (error) => resolve({ ok: false, words: connectionWords(error, to.address) }));
    outgoing.end();
  });

const refusalOf = (path: string, { statusCode, headers }: IncomingMessage): string | undefined => {
  if (statusCode !== 200) return `the stream ${path} answered ${statusCode}, wanted 200`;
  const type = headers['content-type'] ?? 'no content type';
  return type.startsWith('text/event-stream') ? undefined : `${path} is no event stream but ${type}`;
};

const listen = (question: SseQuestion, response: IncomingMessage, conclude: (finding: Finding) => void): void => {
  const { path, event, contains } = question;
  let block: string[] = [];
  const lines = new LineSplitter((line) => {
    const isComment = line.startsWith(':');
    if (isComment && event === undefined && contains === undefined) {
      conclude({ ok: true, words: `the stream ${path} beats` });
    } else if (line !== '' && !isComment) block.push(line);
    else if (line === '' && block.length > 0) {
      if (fits(question, block)) conclude({ ok: true, words: `the stream ${path} sent ${typeOf(block)}` });
      block = [];
    }
  }, longestLine);
  response.on('data', (chunk: Buffer) => lines.push(chunk));
  response.once('end', () => conclude({ ok: false, words: `the stream ${path} ended before it sent what is wanted` }));
  response.once('error', (error) => conclude({ ok: false, words: `the stream ${path} broke: ${error.message}` }));
};

const fits = ({ event, contains }: SseQuestion, block: readonly string[]): boolean =>
  (event === undefined || typeOf(block) === event) &&
  (contains === undefined || block.some((line) => line.startsWith('data') && line.includes(contains)));

const typeOf = (block: readonly string[]): string =>
  block
    .findLast((line) => line.startsWith('event:'))
    ?.slice('event:'.length)
    .trim() ?? 'message';

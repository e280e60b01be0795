import type { EdgeAnswer } from '../../model/index.ts';
import { statusTexts } from './status-texts.ts';

/** An answer of our own, ready but for the request's id and how the connection goes on. */
export class CompiledAnswer {
  readonly status: number;
  readonly #answer: EdgeAnswer;

  constructor(answer: EdgeAnswer) {
    this.#answer = answer;
    this.status = answer.status;
  }

  /** The whole message. A HEAD gets the head that a GET would get. */
  render(request: { readonly requestId: string; readonly method: string }, connection: string): string {
    const fill = (text: string): string => text.replaceAll('{{requestId}}', request.requestId);
    const body = Buffer.from(fill(this.#answer.body), 'utf8');
    const names = Object.keys(this.#answer.headers);
    const hasType = names.some((name) => name.toLowerCase() === 'content-type');
    const type = hasType || body.length === 0 ? '' : 'Content-Type: text/plain; charset=utf-8\r\n';
    const fields = names.map((name) => `${name}: ${fill(this.#answer.headers[name] ?? '')}\r\n`).join('');
    const head = `HTTP/1.1 ${this.status} ${statusTexts[this.status] ?? ''}\r\n${fields}${type}`;
    const end = `Content-Length: ${body.length}\r\n${connection}\r\n`;
    return head + end + (request.method === 'HEAD' ? '' : body.toString('latin1'));
  }
}

/** What a request gets that was not understood or took too long: the connection ends with it. */
export const refusalMessage = (status: number, reason: string): string =>
  new CompiledAnswer({ status, headers: {}, body: `${reason}\n` }).render(
    { requestId: '', method: 'GET' },
    'Connection: close\r\n',
  );

import { randomBytes } from 'node:crypto';
import { limits } from '../../codec/limits.ts';
import { refuse } from '../../codec/refusal.ts';
import type { Refusal } from '../../codec/refusal.ts';
import { parseRequestHead } from '../../codec/request-head.ts';
import type { RequestHead } from '../../codec/request-head.ts';

/**
 * The head of an HTTP/2 request, read by the very rules that hold for HTTP/1.1: it is written as the message that the
 * upstream will get, and that has to pass. `raw`: names and values in turn, as they were received.
 */
export const requestHeadOf = (
  raw: readonly string[],
  hasBody: boolean,
  believesPeer: boolean,
): RequestHead | Refusal => {
  const draft = new Draft();
  for (let index = 0; index + 1 < raw.length; index += 2) draft.take(raw[index] ?? '', raw[index + 1] ?? '');
  const text = draft.write(hasBody);
  if (typeof text !== 'string') return text;
  if (text.length > limits.headBytes) return refuse(431, 'head too long');
  const head = Buffer.from(text, 'latin1');
  return parseRequestHead(head, 0, head.length, believesPeer);
};

/** What HTTP/2 says otherwise, or must not say at all. RFC 9113 8.2.2. */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

class Draft {
  readonly #pseudo = new Map<string, string>();
  #lines = '';
  #cookies: string[] = [];
  #hosts: string[] = [];
  #hasLength = false;
  #fault: Refusal | undefined;

  take(name: string, value: string): void {
    // Nothing may become a line of its own on the way to HTTP/1.1.
    // oxlint-disable-next-line no-control-regex
    if (/[\r\n\0]/.test(name) || /[\r\n\0]/.test(value)) this.#fault = refuse(400, 'malformed field');
    else if (name.startsWith(':')) this.#pseudo.set(name, value);
    else if (connectionFields.has(name)) this.#fault = refuse(400, `${name} in HTTP/2`);
    else if (name === 'cookie') this.#cookies.push(value);
    else if (name === 'host') this.#hosts.push(value);
    else {
      this.#hasLength ||= name === 'content-length';
      this.#lines += `${name}: ${value}\r\n`;
    }
  }

  write(hasBody: boolean): string | Refusal {
    const host = this.#host();
    if (this.#fault !== undefined || typeof host !== 'string') return this.#fault ?? host;
    const first = this.#requestLine();
    if (typeof first !== 'string') return first;
    // Split for the sake of compression; to HTTP/1.1 it is one field. RFC 9113 8.2.3.
    const cookies = this.#cookies.length === 0 ? '' : `cookie: ${this.#cookies.join('; ')}\r\n`;
    const framing = hasBody && !this.#hasLength && !this.#isTunnel ? 'transfer-encoding: chunked\r\n' : '';
    return `${first}Host: ${host}\r\n${this.#lines}${cookies}${framing}`;
  }

  get #isTunnel(): boolean {
    return this.#pseudo.has(':protocol');
  }

  #host(): string | Refusal {
    const authority = this.#pseudo.get(':authority');
    const names = new Set([...(authority === undefined ? [] : [authority]), ...this.#hosts]);
    const [host] = names;
    return names.size === 1 && host !== undefined
      ? host
      : refuse(400, names.size === 0 ? 'no host' : 'more than one host');
  }

  #requestLine(): string | Refusal {
    const method = this.#pseudo.get(':method') ?? '';
    const path = this.#pseudo.get(':path') ?? '';
    const protocol = this.#pseudo.get(':protocol');
    if (method !== 'CONNECT') return `${method} ${path} HTTP/1.1\r\n`;
    if (protocol === undefined) return refuse(501, 'CONNECT is not for us');
    // What HTTP/1.1 needs for the same and HTTP/2 leaves out. RFC 8441 5.1.
    const key = `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n`;
    return `GET ${path} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${protocol === 'websocket' ? key : ''}`;
  }
}

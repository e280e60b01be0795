import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A request as it came out of a proxy; latin1, one character per octet. */
export interface Recorded {
  readonly line: string;
  readonly fields: readonly string[];
  /** As it was on the wire, chunk sizes included. */
  readonly body: string;
}

/**
 * An application that records every octet that reaches it and answers each whole request. It reads on its own terms, and
 * only what a strict proxy may send: anything else stays in `received` and is never answered.
 */
export class RecordingOrigin {
  /** Every octet of every connection, in the order of arrival. */
  received = '';
  /** Whole requests, in the order in which they became whole. */
  readonly requests: Recorded[] = [];
  readonly #answer: (request: Recorded, socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(answer: (request: Recorded, socket: Socket) => void) {
    this.#answer = answer;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  static async start(answer: (request: Recorded, socket: Socket) => void = answerOk): Promise<RecordingOrigin> {
    const origin = new RecordingOrigin(answer);
    await new Promise<void>((resolve) => {
      origin.#server.listen(0, '127.0.0.1', resolve);
    });
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  forget(): void {
    this.received = '';
    this.requests.length = 0;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    let pending = '';
    this.#sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (text: string) => {
      this.received += text;
      pending += text;
      for (let next = takeRequest(pending); next !== undefined; next = takeRequest(pending)) {
        pending = pending.slice(next.length);
        this.requests.push(next.request);
        this.#answer(next.request, socket);
      }
    });
  }
}

const answerOk = (request: Recorded, socket: Socket): void => {
  const body = request.line.startsWith('HEAD ') ? '' : 'served';
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${body}`);
};

const takeRequest = (text: string): { readonly request: Recorded; readonly length: number } | undefined => {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const length = bodyLength(text.slice(end + 4), fields);
  if (length === undefined) return undefined;
  return { request: { line, fields, body: text.slice(end + 4, end + 4 + length) }, length: end + 4 + length };
};

const bodyLength = (text: string, fields: readonly string[]): number | undefined => {
  const value = (name: string): string | undefined =>
    fields
      .find((field) => field.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  if (value('transfer-encoding') !== undefined) return chunkedLength(text);
  const length = Number(value('content-length') ?? 0);
  return text.length >= length ? length : undefined;
};

const chunkedLength = (text: string): number | undefined => {
  let at = 0;
  for (;;) {
    const size = /^([0-9A-Fa-f]+)[^\r\n]*\r\n/.exec(text.slice(at, at + 5_000));
    if (size === null) return undefined;
    at += size[0].length;
    const length = Number.parseInt(size[1] ?? '', 16);
    if (length === 0) {
      const trailers = /^(?:[^\r\n]+\r\n)*\r\n/.exec(text.slice(at));
      return trailers === null ? undefined : at + trailers[0].length;
    }
    at += length + 2;
    if (at > text.length) return undefined;
  }
};

import { isIPv6 } from 'node:net';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { failureCause, TimeoutFailure } from './failure-cause.ts';

export interface HttpRequest {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `broken`: no complete answer; `cause` says how. The body is kept only when asked for. */
export type HttpAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'broken'; readonly cause: string };

export interface StreamHandler {
  onHead(status: number, contentType: string): void;
  onData(chunk: Buffer): void;
  /** Exactly once, last. `undefined`: ended cleanly, by the server's own end of the message. */
  onEnd(cause: string | undefined): void;
}

/** Ends the stream from our side; `onEnd` is not called for it. */
export type CloseStream = () => void;

const longestKeptBody = 64 * 1024;

/**
 * A client as browsers and services are: keep-alive connections, as many as needed, and no retry of any kind. undici
 * checks content-length and chunks, so an answer that counts as complete is complete.
 */
export class HttpClient {
  readonly #pool: Pool;

  constructor(address: { readonly host: string; readonly port: number }) {
    const host = isIPv6(address.host) ? `[${address.host}]` : address.host;
    this.#pool = new Pool(`http://${host}:${address.port}`, {
      connections: null,
      allowH2: false,
      // Our own per-request deadline is exact and covers everything from the connect on.
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: 0,
    });
  }

  request(request: HttpRequest, timeoutMs: number, keepBody = false): Promise<HttpAnswer> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let kept = 0;
      let status = 0;
      const timer = setTimeout(() => {
        close();
        resolve({ kind: 'broken', cause: 'timeout' });
      }, timeoutMs);
      const close = this.stream(request, {
        onHead: (head) => {
          status = head;
        },
        onData: (chunk) => {
          kept += chunk.length;
          if (keepBody && kept <= longestKeptBody) chunks.push(chunk);
        },
        onEnd: (cause) => {
          clearTimeout(timer);
          const broken = cause !== undefined;
          resolve(
            broken ? { kind: 'broken', cause } : { kind: 'answer', status, body: Buffer.concat(chunks).toString() },
          );
        },
      });
    });
  }

  stream(request: HttpRequest, handler: StreamHandler): CloseStream {
    const exchange = new Exchange(handler);
    this.#pool.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: { ...request.headers, host: request.host },
        ...(request.body !== undefined && { body: request.body }),
      },
      exchange,
    );
    return () => exchange.close();
  }

  /** Cuts what is open. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** One request's way through undici, with one end. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #handler: StreamHandler;
  #controller: Dispatcher.DispatchController | undefined;
  #headSeen = false;
  #over = false;

  constructor(handler: StreamHandler) {
    this.#handler = handler;
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(new TimeoutFailure());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Closed while it still waited for a connection.
    if (this.#over) controller.abort(new TimeoutFailure());
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    if (this.#over || status < 200) return;
    this.#headSeen = true;
    const contentType = headers['content-type'];
    this.#handler.onHead(status, typeof contentType === 'string' ? contentType : '');
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#handler.onData(chunk);
  }

  onResponseEnd(): void {
    this.#end(undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(failureCause(error, this.#headSeen));
  }

  #end(cause: string | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onEnd(cause);
  }
}

import type { RequestHead } from '../codec/request-head.ts';
import { KeptRequest } from './kept-request.ts';
import type { Output } from './output.ts';

/** Content kept while no connection takes it, and afterwards in case the request has to be sent again. */
const mostKept = 65_536;

const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** The request as the upstream gets it: head first, then content as it comes. */
export class RequestSender {
  readonly isIdempotent: boolean;
  readonly #chunked: boolean;
  /** Everything so far, while that is little enough; undefined once some of it can't be sent again. */
  #kept: KeptRequest | undefined;
  #keptBytes = 0;
  #output: Output | undefined;
  #ended: boolean;
  /** Octets of content taken from the client. */
  contentBytes = 0;

  /** `forwarded`: the last fields, and the empty line. */
  constructor(head: RequestHead, forwarded: string) {
    const { framing } = head;
    this.#chunked = framing.kind === 'chunked';
    this.#ended = framing.kind === 'none';
    this.isIdempotent = idempotentMethods.has(head.method);
    this.#kept = new KeptRequest(head.text + forwarded);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get isSent(): boolean {
    return this.#output !== undefined;
  }

  /** All of it is here and small, so nothing would be lost by sending it again. */
  get isReplayable(): boolean {
    return this.#ended && this.#kept !== undefined;
  }

  /** Sends what there is; false when the connection wants a pause. */
  attach(output: Output): boolean {
    this.#output = output;
    this.#kept?.writeTo(output);
    const flows = output.flush();
    const isFinal = this.#ended ? !this.isIdempotent && output.tookAll : this.#keptBytes > 0;
    if (isFinal) this.keepNothingMore();
    return flows;
  }

  /** The connection is gone; what was kept can be attached to another. */
  detach(): void {
    this.#output = undefined;
  }

  /** False when the client has to pause. */
  content(buffer: Buffer, start: number, end: number): boolean {
    this.contentBytes += end - start;
    if (this.#output === undefined) {
      if (this.#kept !== undefined) this.#write(this.#kept, buffer, start, end);
      this.#keptBytes += end - start;
      return this.#keptBytes < mostKept;
    }
    this.keepNothingMore();
    this.#write(this.#output, buffer, start, end);
    return this.#output.flush();
  }

  end(trailers: string): void {
    this.#ended = true;
    if (this.#chunked) (this.#output ?? this.#kept)?.text(`0\r\n${trailers}\r\n`);
    if (this.#output === undefined) return;
    this.keepNothingMore();
    this.#output.flush();
  }

  /** It will not be sent again. */
  keepNothingMore(): void {
    this.#kept?.release();
    this.#kept = undefined;
  }

  #write(sink: Output | KeptRequest, buffer: Buffer, start: number, end: number): void {
    if (this.#chunked) sink.text(`${(end - start).toString(16)}\r\n`);
    sink.content(buffer, start, end);
    if (this.#chunked) sink.text('\r\n');
  }
}

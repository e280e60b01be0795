import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { bodyDecoder } from '../../codec/body-decoder.ts';
import type { BodyDecoder } from '../../codec/body.ts';
import { findHeadEnd } from '../../codec/head-end.ts';
import { parseResponseHead } from '../../codec/response-head.ts';
import type { ResponseHead } from '../../codec/response-head.ts';
import type { ClientOutput } from '../exchange-client.ts';
import { fieldsOf } from './fields.ts';

/**
 * Takes the HTTP/1.1 response that an exchange writes and sends it as one of HTTP/2. So that there is one exchange for
 * both: what is retried, held, drained, cut and recorded does not depend on the client's protocol.
 */
export class Http2Response implements ClientOutput {
  /** All of a response went out, and its end was said. */
  isComplete = false;
  readonly #stream: ServerHttp2Stream;
  readonly #method: string;
  #head: Buffer | undefined;
  #body: BodyDecoder | undefined;
  #isTunnel = false;
  #trailers: OutgoingHttpHeaders = {};
  #isCorked = false;

  constructor(stream: ServerHttp2Stream, method: string) {
    this.#stream = stream;
    this.#method = method;
  }

  text(text: string): void {
    const octets = Buffer.from(text, 'latin1');
    this.#take(octets, 0, octets.length);
  }

  content(buffer: Buffer, start: number, end: number): void {
    this.#take(buffer, start, end);
  }

  flush(): boolean {
    if (this.#isCorked) {
      this.#isCorked = false;
      this.#stream.uncork();
    }
    return !this.#stream.writableNeedDrain;
  }

  /** Says that this is all there is. */
  end(): void {
    this.isComplete = true;
    this.flush();
    this.#stream.end();
  }

  #take(buffer: Buffer, start: number, end: number): void {
    if (this.isComplete || this.#stream.destroyed) return;
    if (this.#isTunnel) this.#write(buffer, start, end);
    else if (this.#body === undefined) this.#takeHead(buffer, start, end);
    else this.#takeBody(this.#body, buffer, start, end);
  }

  #takeHead(buffer: Buffer, start: number, end: number): void {
    const given = buffer.subarray(start, end);
    const head = this.#head === undefined ? given : Buffer.concat([this.#head, given]);
    const stop = findHeadEnd(head, 0);
    if (stop < 0) {
      this.#head = Buffer.from(head);
      return;
    }
    this.#head = undefined;
    const parsed = parseResponseHead(head, 0, stop, this.#method);
    // Our own relay wrote it after reading it as strictly.
    if (parsed.kind === 'bad-response') throw new Error(`the proxy's own response is malformed: ${parsed.reason}`);
    this.#begin(parsed);
    if (stop + 2 < head.length) this.#take(head, stop + 2, head.length);
  }

  #begin(head: ResponseHead): void {
    if (head.status === 101) this.#openTunnel(head);
    else if (head.status < 200) this.#stream.additionalHeaders({ ...fieldsOf(head.fields), ':status': head.status });
    else {
      const length: OutgoingHttpHeaders =
        head.statedLength < 0 || head.status === 204 ? {} : { 'content-length': head.statedLength };
      this.#body = bodyDecoder(head.framing, (buffer, start, end) => this.#write(buffer, start, end));
      this.isComplete = this.#body.state === 'done';
      this.#respond({ ...fieldsOf(head.fields), ...length, ':status': head.status });
    }
  }

  /** A tunnel that HTTP/1.1 opens with 101 is an ordinary response here. RFC 8441 5. */
  #openTunnel(head: ResponseHead): void {
    const { 'sec-websocket-accept': _accept, ...fields } = fieldsOf(head.fields);
    this.#isTunnel = true;
    this.#respond({ ...fields, ':status': 200 });
  }

  /** Node says the end of a stream that is reset before it says the reset. Trailers come before the end, and are ours to give. */
  #respond(fields: OutgoingHttpHeaders): void {
    const waitForTrailers = !this.isComplete;
    this.#stream.on('wantTrailers', () => {
      if (this.isComplete) this.#stream.sendTrailers(this.#trailers);
    });
    this.#stream.respond(fields, { endStream: this.isComplete, waitForTrailers, sendDate: false } as object);
  }

  #takeBody(body: BodyDecoder, buffer: Buffer, start: number, end: number): void {
    body.decode(buffer, start, end);
    if (body.state === 'open') return;
    if (body.state === 'malformed') throw new Error("the proxy's own response is malformed");
    this.#trailers = fieldsOf(body.trailers);
    this.end();
  }

  /** Copied: it lies in a buffer that the next read overwrites. */
  #write(buffer: Buffer, start: number, end: number): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
    }
    this.#stream.write(Buffer.from(buffer.subarray(start, end)));
  }
}

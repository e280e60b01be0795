import { bodyDecoder } from '../codec/body-decoder.ts';
import type { BodyDecoder } from '../codec/body.ts';
import { noBody } from '../codec/framing.ts';
import { findHeadEnd } from '../codec/head-end.ts';
import { limits } from '../codec/limits.ts';
import { behindHead } from '../codec/recurring-heads.ts';
import type { RequestHead } from '../codec/request-head.ts';
import { lengthAndEnd, parseResponseHead } from '../codec/response-head.ts';
import type { ResponseHead } from '../codec/response-head.ts';
import { steadyNow } from './clock.ts';
import { EventBoundary } from './event-boundary.ts';
import type { ClientOutput } from './exchange-client.ts';

/** What the client can be sent, beyond what its request said. */
export interface ClientTerms {
  /** The client and we would keep the connection; asked when the head is written. */
  readonly keepsAlive: boolean;
  /** Field lines of our own; asked when the head is written. */
  readonly addedFields: () => string;
}

export type RelayState =
  /** Nothing of the final response has come. */
  | 'waiting'
  | 'streaming'
  | 'done'
  /** 101: what follows belongs to the tunnel. */
  | 'upgraded'
  /** Not a response that may be shown, or no longer one. */
  | 'malformed'
  /** Ended by us at the end of an event. */
  | 'ended-early';

/** One response on its way from the upstream's octets to the client's. */
export class ResponseRelay {
  state: RelayState = 'waiting';
  head: ResponseHead | undefined;
  /** The client's connection can carry another request after this response. */
  keepsAlive = false;
  contentBytes = 0;
  /** When the first octet of any response was seen, interim ones included; by the steady clock. */
  firstByteAt: number | undefined;
  readonly #output: ClientOutput;
  readonly #request: RequestHead;
  readonly #terms: ClientTerms;
  #partialHead: Buffer | undefined;
  #body: BodyDecoder | undefined;
  #chunked = false;
  #boundary: EventBoundary | undefined;
  #retryHint: string | undefined;

  constructor(output: ClientOutput, request: RequestHead, terms: ClientTerms) {
    this.#output = output;
    this.#request = request;
    this.#terms = terms;
  }

  /** Octets of any response were seen. */
  get hasBegun(): boolean {
    return this.firstByteAt !== undefined;
  }

  /** Set for a stream whose events can be told apart and whose end can be said without closing. */
  get isEventStream(): boolean {
    return this.#boundary !== undefined;
  }

  /** Takes what came; returns where it stopped. Writes nothing by itself: the caller flushes the output. */
  take(buffer: Buffer, start: number, end: number): number {
    this.firstByteAt ??= steadyNow();
    let at = start;
    if (this.state === 'waiting') at = this.#takeRecurring(buffer, start, end);
    if (this.state === 'waiting') at = this.#takeHeads(buffer, at, end);
    if (this.state === 'streaming') at = this.#takeBody(buffer, at, end);
    return at;
  }

  /** The upstream closed: true when that is how this response ends. */
  endsWithClose(): boolean {
    if (this.state !== 'streaming' || this.head?.framing.kind !== 'until-close') return false;
    this.#finish('');
    return true;
  }

  /** Ends the stream now or, in the middle of an event, as soon as that has passed. */
  endAtEvent(retryMs: number): void {
    this.#retryHint = `retry: ${retryMs}\n\n`;
    if (this.#boundary?.atBoundary === true) this.#endEarly();
  }

  /** What is asked for again is mostly answered as before. */
  #takeRecurring(buffer: Buffer, start: number, end: number): number {
    const head = this.#request.recurrence?.answer;
    const behind = this.#partialHead === undefined ? behindHead(head?.octets, buffer, start, end) : -1;
    if (head === undefined || behind < 0) return start;
    this.#begin(head);
    return behind;
  }

  #takeHeads(given: Buffer, start: number, end: number): number {
    let buffer = given;
    let at = start;
    let stop = end;
    if (this.#partialHead !== undefined) {
      buffer = Buffer.concat([this.#partialHead, given.subarray(start, end)]);
      at = 0;
      stop = buffer.length;
    }
    while (this.state === 'waiting' && at < stop) {
      const headEnd = findHeadEnd(buffer, at, stop);
      if (headEnd === -2 || (headEnd < 0 ? stop : headEnd) - at > limits.headBytes) return this.#malformed(end);
      if (headEnd < 0) {
        this.#partialHead = Buffer.from(buffer.subarray(at, stop));
        return end;
      }
      this.#takeHead(buffer, at, headEnd);
      at = headEnd + 2;
    }
    this.#partialHead = undefined;
    if (buffer === given) return at;
    // The rest lies in the joined buffer: deal with it here and report how much of the given one it was.
    const consumed = this.state === 'streaming' ? this.#takeBody(buffer, at, stop) : at;
    return end - (stop - consumed);
  }

  #takeHead(buffer: Buffer, start: number, end: number): void {
    const head = parseResponseHead(buffer, start, end, this.#request.method);
    if (head.kind === 'bad-response') this.state = 'malformed';
    else if (head.status === 101) this.#upgrade(head);
    else if (head.status < 200) this.#interim(head);
    else {
      this.#begin(head);
      const { recurrence } = this.#request;
      if (recurrence !== undefined && head.octets !== undefined) recurrence.answer = head;
    }
  }

  #interim(head: ResponseHead): void {
    if (!this.#request.http10) this.#output.text(`HTTP/1.1 ${head.statusText}\r\n${head.fields}\r\n`);
  }

  #upgrade(head: ResponseHead): void {
    const protocol = head.upgrade;
    if (this.#request.upgrade === undefined || protocol === undefined) {
      this.state = 'malformed';
      return;
    }
    this.head = head;
    this.state = 'upgraded';
    const fields = `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n${head.fields}${this.#terms.addedFields()}`;
    this.#output.text(`HTTP/1.1 ${head.statusText}\r\n${fields}\r\n`);
  }

  #begin(head: ResponseHead): void {
    this.head = head;
    const { kind } = head.framing;
    const unbounded = kind === 'chunked' || kind === 'until-close';
    this.#chunked = unbounded && !this.#request.http10;
    this.keepsAlive = this.#terms.keepsAlive && (!unbounded || this.#chunked);
    if (head.eventStream && unbounded) this.#boundary = new EventBoundary();
    const added = this.#terms.addedFields() + this.#connection(head);
    if (added === '' && !this.#chunked) this.#output.text(head.text);
    else {
      const last = this.#chunked ? 'Transfer-Encoding: chunked\r\n\r\n' : lengthAndEnd(head);
      this.#output.text(`HTTP/1.1 ${head.statusText}\r\n${head.fields}${added}${last}`);
    }
    this.state = kind === 'none' ? 'done' : 'streaming';
  }

  #connection(head: ResponseHead): string {
    const upgrade = head.status === 426 && head.upgrade !== undefined ? `Upgrade: ${head.upgrade}\r\n` : '';
    if (upgrade === '' && this.keepsAlive && !this.#request.http10) return '';
    const options = upgrade === '' ? [] : ['Upgrade'];
    if (!this.keepsAlive) options.push('close');
    else if (this.#request.http10) options.push('keep-alive');
    return options.length === 0 ? '' : `Connection: ${options.join(', ')}\r\n${upgrade}`;
  }

  #takeBody(buffer: Buffer, start: number, end: number): number {
    const framing = this.head?.framing ?? noBody;
    // The whole of it is here, as with most small responses: nothing to keep count of.
    if (this.#body === undefined && framing.kind === 'length' && framing.length <= end - start) {
      this.#write(buffer, start, start + framing.length);
      this.#finish('');
      return start + framing.length;
    }
    const body = (this.#body ??= bodyDecoder(framing, (from, at, to) => this.#content(from, at, to)));
    const stop = body.decode(buffer, start, end);
    if (this.state !== 'streaming') return stop;
    if (body.state === 'malformed') return this.#malformed(stop);
    if (body.state === 'done') this.#finish(body.trailers);
    return stop;
  }

  #content(buffer: Buffer, start: number, end: number): void {
    if (this.state === 'ended-early') return;
    if (this.#boundary === undefined || this.#retryHint === undefined) {
      this.#boundary?.advance(buffer, start, end);
      this.#write(buffer, start, end);
      return;
    }
    const stop = this.#boundary.lastBoundaryIn(buffer, start, end);
    if (stop < 0) {
      this.#boundary.advance(buffer, start, end);
      this.#write(buffer, start, end);
    } else {
      this.#write(buffer, start, stop);
      this.#endEarly();
    }
  }

  #write(buffer: Buffer, start: number, end: number): void {
    this.contentBytes += end - start;
    if (this.#chunked) this.#output.text(`${(end - start).toString(16)}\r\n`);
    this.#output.content(buffer, start, end);
    if (this.#chunked) this.#output.text('\r\n');
  }

  #endEarly(): void {
    const hint = Buffer.from(this.#retryHint ?? '');
    this.#write(hint, 0, hint.length);
    this.#finish('');
    this.state = 'ended-early';
  }

  #finish(trailers: string): void {
    if (this.#chunked) this.#output.text(`0\r\n${trailers}\r\n`);
    this.state = 'done';
  }

  #malformed(at: number): number {
    this.state = 'malformed';
    return at;
  }
}

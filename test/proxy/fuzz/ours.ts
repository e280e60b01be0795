import { bodyDecoder } from '../../../src/proxy/codec/body-decoder.ts';
import type { BodyDecoder } from '../../../src/proxy/codec/body.ts';
import type { Framing } from '../../../src/proxy/codec/framing.ts';
import { findHeadEnd } from '../../../src/proxy/codec/head-end.ts';
import { limits } from '../../../src/proxy/codec/limits.ts';
import { behindHead } from '../../../src/proxy/codec/recurring-heads.ts';
import { parseRequestHead } from '../../../src/proxy/codec/request-head.ts';
import type { RequestHead } from '../../../src/proxy/codec/request-head.ts';
import { parseResponseHead } from '../../../src/proxy/codec/response-head.ts';
import type { ResponseHead } from '../../../src/proxy/codec/response-head.ts';
import type { Input, Message, Reading } from './reading.ts';

/** Reads the octets as the proxy's connections do, in pieces that end at the given places. */
export const readByUs = (input: Input, places: readonly number[] = [input.bytes.length]): Reading => {
  const reader = new Reader(input);
  for (const place of places) reader.take(place);
  return reader.finish();
};

/** The proxy's connections know a head that comes again by its octets; here the one before is known to whoever reads next. */
const last: { request?: RequestHead; response?: ResponseHead } = {};

class Reader implements Reading {
  readonly messages: Message[] = [];
  end: Reading['end'] = 'more';
  fault = '';
  readonly #input: Input;
  #at = 0;
  #body: BodyDecoder | undefined;
  #message: Message | undefined;
  #framing: Framing['kind'] = 'none';
  /** The connection carries another message after this one. */
  #goesOn = true;

  constructor(input: Input) {
    this.#input = input;
  }

  /** Everything before `limit` has arrived. */
  take(limit: number): void {
    const view = this.#input.bytes.subarray(0, limit);
    while (this.end === 'more' && this.#at < limit) {
      const before = this.#at;
      if (this.#body === undefined) this.#takeHead(view);
      else this.#takeBody(view, this.#body);
      if (this.#at === before) return;
    }
  }

  /** The connection ended: that is how some responses do. */
  finish(): Reading {
    if (this.#framing === 'until-close' && this.end === 'more') this.#complete('');
    return this;
  }

  #takeHead(view: Buffer): void {
    const start = this.#input.kind === 'request' ? behindEmptyLine(view, this.#at) : this.#at;
    if (start < 0) return;
    if (this.#takeLast(view, start)) return;
    const end = findHeadEnd(view, start);
    if (end === -2 || (end < 0 ? view.length : end) - start > limits.headBytes) this.#refuse('head');
    else if (end >= 0) {
      this.#at = end + 2;
      if (this.#input.kind === 'request') this.#readRequest(view, start, end);
      else this.#readResponse(view, start, end);
    }
  }

  /** False when it is another one than the last. */
  #takeLast(view: Buffer, start: number): boolean {
    const { request, response } = last;
    const { kind, toHead } = this.#input;
    const octets = kind === 'request' ? request?.recurrence?.octets : toHead ? undefined : response?.octets;
    const behind = behindHead(octets, view, start, view.length);
    if (behind < 0) return false;
    this.#at = behind;
    if (kind === 'request' && request !== undefined) this.#beginRequest(request);
    else if (response !== undefined) this.#beginResponse(response);
    return true;
  }

  #readRequest(view: Buffer, start: number, end: number): void {
    const head = parseRequestHead(view, start, end);
    if (head.kind === 'refusal') this.#refuse(head.reason);
    else this.#beginRequest(head);
  }

  #beginRequest(head: RequestHead): void {
    last.request = head;
    const { method, target, fields, keepAlive, upgrade } = head;
    this.#goesOn = keepAlive;
    this.#begin({ method, target, status: 0, reason: '', ...bare(fields, upgrade !== undefined) }, head.framing);
  }

  #readResponse(view: Buffer, start: number, end: number): void {
    const head = parseResponseHead(view, start, end, this.#input.toHead ? 'HEAD' : 'GET');
    if (head.kind === 'bad-response') this.#refuse(head.reason);
    else this.#beginResponse(head);
  }

  #beginResponse(head: ResponseHead): void {
    last.response = head;
    const { status, statusText, fields } = head;
    const reason = statusText.slice(4);
    this.#goesOn = head.reusable || status < 200;
    this.#begin({ method: '', target: '', status, reason, ...bare(fields, status === 101) }, head.framing);
  }

  #begin(message: Message, framing: Framing): void {
    this.messages.push(message);
    this.#message = message;
    this.#framing = framing.kind;
    if (message.isUpgrade) this.end = 'upgrade';
    else if (framing.kind === 'none') this.#complete('');
    else {
      this.#body = bodyDecoder(framing, (buffer, from, to) => {
        message.body += buffer.toString('latin1', from, to);
      });
    }
  }

  #takeBody(view: Buffer, body: BodyDecoder): void {
    this.#at = body.decode(view, this.#at, view.length);
    if (body.state === 'malformed') this.#refuse('body');
    else if (body.state === 'done') this.#complete(body.trailers);
  }

  #complete(trailers: string): void {
    const message = this.#message;
    if (message === undefined) return;
    message.trailers = fieldsOf(trailers);
    message.isComplete = true;
    this.#body = undefined;
    this.#framing = 'none';
    if (!this.#goesOn) this.end = 'closed';
  }

  #refuse(fault: string): void {
    this.end = 'refused';
    this.fault = fault;
  }
}

/** One empty line before a request is read over; -1 when half of it is here. */
const behindEmptyLine = (view: Buffer, at: number): number => {
  if (view[at] !== 0x0d) return at;
  if (view.length - at < 2) return -1;
  return view[at + 1] === 0x0a ? at + 2 : at;
};

const bare = (fields: string, isUpgrade: boolean) => ({
  fields: fieldsOf(fields),
  trailers: [],
  body: '',
  isComplete: false,
  isUpgrade,
});

/** Names and values in turn, of lines that are known to be well formed. */
const fieldsOf = (lines: string): string[] => {
  const fields: string[] = [];
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf('\r\n', at);
    const colon = lines.indexOf(':', at);
    fields.push(lines.slice(at, colon), withoutSpace(lines, colon + 1, end));
    at = end + 2;
  }
  return fields;
};

/** Not `trim`, which takes more for white space than HTTP does. */
const withoutSpace = (text: string, from: number, to: number): string => {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
};

const isSpace = (octet: number): boolean => octet === 0x20 || octet === 0x09;

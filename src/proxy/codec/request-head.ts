import { foldedOctets, octetAt, underscore } from './characters.ts';
import { ConnectionOptions } from './connection-options.ts';
import { FieldLines, FieldNames } from './fields.ts';
import { FramingFields, noBody } from './framing.ts';
import type { Framing } from './framing.ts';
import type { KnownOctets } from './known-octets.ts';
import { inOnePiece, RecurringHeads } from './recurring-heads.ts';
import { RecurringTexts } from './recurring-texts.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { RequestLine } from './request-line.ts';
import { RequestTarget } from './request-target.ts';
import { requestText } from './request-text.ts';
import type { ResponseHead } from './response-head.ts';

/** A request as it goes on: hop-by-hop, framing and forged fields are already out of `fields`. */
export interface RequestHead {
  readonly kind: 'request';
  readonly method: string;
  /** In origin form, or `*`. */
  readonly target: string;
  /** The target without its query: what routes match. */
  readonly path: string;
  /** As the client wrote it, port included; empty when an HTTP/1.0 client sent none. */
  readonly host: string;
  readonly http10: boolean;
  readonly framing: Framing;
  readonly keepAlive: boolean;
  /** The protocol asked for, when this is an upgrade that may pass. */
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
  /** Field lines for the upstream, each with its CRLF. */
  readonly fields: string;
  /** What a believed peer said of its client, a sum of `saidBy`; such fields are among `fields`. */
  readonly said: number;
  /** What the upstream gets ahead of what the proxy says of the client: the line, `fields`, and what frames the body. */
  readonly text: string;
  /** Set for one that may well come again. */
  readonly recurrence: Recurrence | undefined;
}

/** What is remembered of a request that comes again and again, octet for octet. */
interface Recurrence {
  /** The whole head but for the empty line. */
  readonly octets: KnownOctets;
  /** How it was answered last, which is likely how it will be answered again. */
  answer: ResponseHead | undefined;
}

/** What only the proxy may say of a client, unless the peer is believed. */
export const saidBy = { proto: 1, host: 2, requestId: 4, requestStart: 8 } as const;

const names = new FieldNames(
  [
    'host',
    'content-length',
    'transfer-encoding',
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'upgrade',
    'http2-settings',
    'expect',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-port',
    'x-forwarded-proto',
    'x-forwarded-server',
    'x-real-ip',
    'x-request-id',
    'x-request-start',
  ],
  foldedOctets,
);

type KnownName = NonNullable<ReturnType<typeof names.find>>;
type SaidName = Extract<KnownName, `x-${string}` | 'forwarded'>;

/**
 * Reads the head that lies between `start` and `end`, the offset behind its last field line (before the empty line).
 * Forged fields go on only where the peer is believed.
 */
export const parseRequestHead = (
  buffer: Buffer,
  start: number,
  end: number,
  believesPeer = false,
): RequestHead | Refusal => reader.read(buffer, start, end, believesPeer);

/** Reads one head after the other; what it notes of one is gone with the next. */
class RequestReader {
  readonly #line = new RequestLine();
  readonly #lines = new FieldLines();
  readonly #framing = new FramingFields();
  readonly #connection = new ConnectionOptions();
  readonly #texts = new RecurringTexts();
  /** Whole heads, and fields below whatever line. */
  readonly #recurring = new RecurringHeads(toKeep);
  readonly #recurringFields = new RecurringHeads<RequestHead>();
  readonly #target = new RequestTarget();
  #host = '';
  #hosts = 0;
  /** Its line can go on as it is. */
  #hostIsPlain = false;
  #upgrade: string | undefined;
  #expect: string | undefined;
  #believesPeer = false;
  #said = 0;

  read(buffer: Buffer, start: number, end: number, believesPeer: boolean): RequestHead | Refusal {
    this.#believesPeer = believesPeer;
    const known = believesPeer ? undefined : this.#recurring.find(buffer, start, end);
    if (known !== undefined) return known;
    const head = this.#readAnew(buffer, start, end);
    return head.kind === 'refusal' || believesPeer ? head : this.#recurring.keep(buffer, start, end, head);
  }

  #readAnew(buffer: Buffer, start: number, end: number): RequestHead | Refusal {
    const malformed = this.#line.read(buffer, start);
    if (malformed !== undefined) return malformed;
    const known = this.#knownFields(buffer, start, end);
    if (known !== undefined) return known;
    const fault = this.#lines.scan(buffer, this.#line.end, end);
    if (fault === 'too-many') return refuse(431, 'too many fields');
    if (fault === 'malformed') return refuse(400, 'malformed field line');
    this.#sortFields(buffer);
    const framing = this.#framing.settle() ?? noBody;
    return this.#refusal() ?? this.#finish(buffer, start, end, framing);
  }

  /** Another request with fields that were read before: method and target are all that is new. */
  #knownFields(buffer: Buffer, start: number, end: number): RequestHead | undefined {
    const { methodEnd, targetStart, targetEnd } = this.#line;
    const known = this.#mayRecur ? this.#recurringFields.find(buffer, this.#line.end, end) : undefined;
    if (known === undefined) return undefined;
    const method = this.#texts.take(buffer, start, methodEnd);
    const malformed = this.#target.read(method, this.#texts.take(buffer, targetStart, targetEnd), known.host);
    const { target, path, host } = this.#target;
    if (malformed !== undefined || host !== known.host) return undefined;
    return { ...known, method, target, path, text: requestText({ ...known, method, target }) };
  }

  /** What its fields mean depends on nothing but them. */
  get #mayRecur(): boolean {
    return !this.#line.http10 && !this.#believesPeer;
  }

  /** Into what we act on and what goes on. */
  #sortFields(buffer: Buffer): void {
    const lines = this.#lines;
    this.#framing.reset();
    this.#connection.reset();
    this.#host = '';
    this.#hosts = 0;
    this.#hostIsPlain = false;
    this.#upgrade = undefined;
    this.#expect = undefined;
    this.#said = 0;
    for (let index = 0; index < lines.count; index += 1) {
      const name = names.find(buffer, lines.nameStart[index] as number, lines.nameEnd[index] as number);
      if (name !== undefined && !this.#goesOn(name, buffer, index)) lines.drop(index);
    }
    if (this.#connection.named !== undefined) lines.dropNamed(buffer, this.#connection.named, 'host');
  }

  /** Takes note of a known field; true when it also goes on to the upstream. */
  #goesOn(name: KnownName, buffer: Buffer, index: number): boolean {
    const lines = this.#lines;
    switch (name) {
      case 'host':
        this.#hosts += 1;
        this.#host = this.#texts.take(buffer, lines.valueStart[index] as number, lines.valueEnd[index] as number);
        this.#hostIsPlain = lines.beginsWith(buffer, index, plainHost);
        return true;
      case 'content-length':
        if (this.#isLookalike(buffer, index)) this.#framing.lookalike();
        else this.#framing.contentLength(buffer, lines, index);
        return false;
      case 'transfer-encoding':
        if (this.#isLookalike(buffer, index)) this.#framing.lookalike();
        else this.#framing.transferEncoding(buffer, lines, index);
        return false;
      case 'connection':
        this.#connection.take(buffer, lines, index);
        return false;
      case 'proxy-connection':
        this.#connection.takeClose(buffer, lines, index);
        return false;
      case 'upgrade':
        this.#upgrade = this.#upgrade === undefined ? lines.value(buffer, index) : 'h2c';
        return false;
      case 'expect':
        this.#expect = lines.value(buffer, index).toLowerCase();
        return false;
      case 'keep-alive':
      case 'te':
      case 'http2-settings':
        return false;
      default:
        return this.#believesPeer && this.#believe(name);
    }
  }

  #believe(name: SaidName): true {
    if (name === 'x-forwarded-proto') this.#said |= saidBy.proto;
    else if (name === 'x-forwarded-host') this.#said |= saidBy.host;
    else if (name === 'x-request-id') this.#said |= saidBy.requestId;
    else if (name === 'x-request-start') this.#said |= saidBy.requestStart;
    return true;
  }

  #isLookalike(buffer: Buffer, index: number): boolean {
    const end = this.#lines.nameEnd[index] as number;
    for (let at = this.#lines.nameStart[index] as number; at < end; at += 1) {
      if (octetAt(buffer, at) === underscore) return true;
    }
    return false;
  }

  #refusal(): Refusal | undefined {
    const { http10 } = this.#line;
    if (this.#hosts > 1) return refuse(400, 'more than one Host');
    if (this.#hosts === 0 && !http10) return refuse(400, 'no Host');
    const { fault, hasCoding } = this.#framing;
    if (fault === 'unknown-coding') return refuse(501, 'unknown transfer coding');
    if (fault !== undefined) return refuse(400, `${fault.replace('-', ' ')} of the body`);
    if (http10 && hasCoding) return refuse(400, 'transfer coding in HTTP/1.0');
    if (this.#expect !== undefined && this.#expect !== '100-continue') return refuse(417, 'unknown expectation');
    return undefined;
  }

  #finish(buffer: Buffer, start: number, end: number, framing: Framing): RequestHead | Refusal {
    const { methodEnd, targetStart, targetEnd, http10 } = this.#line;
    const method = this.#texts.take(buffer, start, methodEnd);
    const malformed = this.#target.read(method, this.#texts.take(buffer, targetStart, targetEnd), this.#host);
    if (malformed !== undefined) return malformed;
    const { target, path, host } = this.#target;
    const { close, keepAlive, upgrade } = this.#connection;
    const upgrades = upgrade && !http10 && framing.kind === 'none';
    const hostStays = this.#hostIsPlain && host === this.#host;
    const passes = {
      method,
      target,
      framing,
      upgrade: upgrades && this.#upgrade !== '' && this.#upgrade?.toLowerCase() !== 'h2c' ? this.#upgrade : undefined,
      expectsContinue: this.#expect !== undefined && !http10,
      fields: hostStays ? this.#lines.kept(buffer, this.#line.end, end) : this.#withHost(buffer, end, host),
    };
    const head: RequestHead = {
      kind: 'request',
      ...passes,
      path,
      host,
      http10,
      keepAlive: http10 ? keepAlive : !close,
      said: this.#said,
      text: requestText(passes),
      recurrence: undefined,
    };
    if (hostStays && this.#mayRecur) this.#recurringFields.keep(buffer, this.#line.end, end, head);
    return head;
  }

  /** The authority of an absolute target counts, HTTP/1.0 may leave the host unsaid, and what is spelt oddly is set right. */
  #withHost(buffer: Buffer, end: number, host: string): string {
    const lines = this.#lines;
    for (let index = 0; index < lines.count; index += 1) {
      const name = names.find(buffer, lines.nameStart[index] as number, lines.nameEnd[index] as number);
      if (name === 'host') lines.drop(index);
    }
    return `Host: ${host}\r\n${lines.kept(buffer, this.#line.end, end)}`;
  }
}

const toKeep = (head: RequestHead, octets: KnownOctets): RequestHead => ({
  ...head,
  text: inOnePiece(head.text),
  recurrence: { octets, answer: undefined },
});

const plainHost = Buffer.from('Host: ');
const reader = new RequestReader();

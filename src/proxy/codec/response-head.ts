import { carriageReturn, lineFeed, loweredOctets, octetAt, space, valueOctets, zero } from './characters.ts';
import { ConnectionOptions } from './connection-options.ts';
import { FieldLines, FieldNames } from './fields.ts';
import { bodyUntilClose, FramingFields, noBody } from './framing.ts';
import type { Framing } from './framing.ts';
import { versionAt, versionLength } from './http-version.ts';
import type { KnownOctets } from './known-octets.ts';
import { inOnePiece, RecurringHeads } from './recurring-heads.ts';
import { RecurringTexts } from './recurring-texts.ts';

/** A response as it goes on: hop-by-hop and framing fields are already out of `fields`. */
export interface ResponseHead {
  readonly kind: 'response';
  readonly status: number;
  /** `200 OK`: status and reason as they go on. */
  readonly statusText: string;
  readonly framing: Framing;
  /** What Content-Length said, also where no body follows (HEAD, 304); -1 if nothing. */
  readonly statedLength: number;
  /** The upstream's connection may carry another request. */
  readonly reusable: boolean;
  /** Seconds after which the upstream said it closes an idle connection. */
  readonly idleSeconds: number | undefined;
  /** The protocol of a 101 or 426. */
  readonly upgrade: string | undefined;
  /** An event stream whose events can be seen: not compressed. */
  readonly eventStream: boolean;
  readonly fields: string;
  /** The whole head as it goes on where nothing is added and the body stays as it is. */
  readonly text: string;
  /** Of one that may well come again: all but the empty line. */
  readonly octets: KnownOctets | undefined;
}

/** Never shown to the client. */
export interface BadResponse {
  readonly kind: 'bad-response';
  readonly reason: string;
}

const bad = (reason: string): BadResponse => ({ kind: 'bad-response', reason });

const names = new FieldNames(
  [
    'content-length',
    'transfer-encoding',
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'upgrade',
    'content-type',
    'content-encoding',
  ],
  loweredOctets,
);
type KnownName = NonNullable<ReturnType<typeof names.find>>;

/** Reads the head between `start` and `end`, the offset behind its last field line. `method` decides whether a body follows. */
export const parseResponseHead = (
  buffer: Buffer,
  start: number,
  end: number,
  method: string,
): ResponseHead | BadResponse => {
  // Of the methods only this one changes what a head means.
  if (method === 'HEAD') return reader.read(buffer, start, end, method);
  const known = recurring.find(buffer, start, end);
  if (known !== undefined) return known;
  const head = reader.read(buffer, start, end, method);
  return head.kind === 'response' ? recurring.keep(buffer, start, end, head) : head;
};

/** The last of the fields, which says how much follows, and the empty line. */
export const lengthAndEnd = ({ status, statedLength }: Pick<ResponseHead, 'status' | 'statedLength'>): string =>
  statedLength < 0 || status === 204 ? '\r\n' : `Content-Length: ${statedLength}\r\n\r\n`;

/** Reads one head after the other; what it notes of one is gone with the next. */
class ResponseReader {
  readonly #lines = new FieldLines();
  readonly #framing = new FramingFields();
  readonly #connection = new ConnectionOptions();
  readonly #texts = new RecurringTexts();
  #upgrade: string | undefined;
  #idleSeconds: number | undefined;
  #eventStream = false;
  #encoded = false;

  read(buffer: Buffer, start: number, end: number, method: string): ResponseHead | BadResponse {
    const version = versionAt(buffer, start);
    if (version !== 11 && version !== 10) return bad('malformed version');
    const codeAt = start + versionLength + 1;
    const status = octetAt(buffer, codeAt - 1) === space ? statusAt(buffer, codeAt) : -1;
    if (status < 0) return bad('malformed status');
    const reasonAt = codeAt + 3;
    let at = reasonAt;
    while (valueOctets[octetAt(buffer, at)] === 1) at += 1;
    const isEnded = octetAt(buffer, at) === carriageReturn && octetAt(buffer, at + 1) === lineFeed;
    const hasReason = at > reasonAt;
    if (!isEnded || (hasReason && octetAt(buffer, reasonAt) !== space)) return bad('malformed status line');
    if (this.#lines.scan(buffer, at + 2, end) !== undefined) return bad('malformed field line');
    this.#sortFields(buffer);
    const text = this.#texts.take(buffer, codeAt, at);
    const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const line = { status, statusText: hasReason ? text : `${text} `, http10: version === 10, bodiless };
    return this.#finish(line, this.#lines.kept(buffer, at + 2, end));
  }

  /** Into what we act on and what goes on. */
  #sortFields(buffer: Buffer): void {
    const lines = this.#lines;
    this.#framing.reset();
    this.#connection.reset();
    this.#upgrade = undefined;
    this.#idleSeconds = undefined;
    this.#eventStream = false;
    this.#encoded = false;
    for (let index = 0; index < lines.count; index += 1) {
      const name = names.find(buffer, lines.nameStart[index] as number, lines.nameEnd[index] as number);
      if (name !== undefined && !this.#goesOn(name, buffer, index)) lines.drop(index);
    }
    if (this.#connection.named !== undefined) lines.dropNamed(buffer, this.#connection.named, '');
  }

  /** Takes note of a known field; true when it also goes on to the client. */
  #goesOn(name: KnownName, buffer: Buffer, index: number): boolean {
    const lines = this.#lines;
    switch (name) {
      case 'content-length':
        this.#framing.contentLength(buffer, lines, index);
        return false;
      case 'transfer-encoding':
        this.#framing.transferEncoding(buffer, lines, index);
        return false;
      case 'connection':
        this.#connection.take(buffer, lines, index);
        return false;
      case 'upgrade':
        this.#upgrade = lines.value(buffer, index);
        return false;
      case 'keep-alive':
        this.#idleSeconds = idleSecondsOf(lines.value(buffer, index));
        return false;
      case 'content-type':
        this.#eventStream = isEventStream(this.#textOf(buffer, index));
        return true;
      case 'content-encoding':
        this.#encoded = this.#textOf(buffer, index).toLowerCase() !== 'identity';
        return true;
      case 'proxy-connection':
        this.#connection.takeClose(buffer, lines, index);
        return false;
      case 'te':
        return false;
    }
  }

  #textOf(buffer: Buffer, index: number): string {
    const lines = this.#lines;
    return this.#texts.take(buffer, lines.valueStart[index] as number, lines.valueEnd[index] as number);
  }

  #finish(line: StatusLine, fields: string): ResponseHead | BadResponse {
    const framing = this.#framing.settle();
    if (this.#framing.fault !== undefined) return bad(this.#framing.fault);
    if (line.http10 && this.#framing.hasCoding) return bad('transfer coding in HTTP/1.0');
    const effective = line.bodiless ? noBody : (framing ?? bodyUntilClose);
    const persistent = line.http10 ? this.#connection.keepAlive : !this.#connection.close;
    if (line.status < 200 && hasMore(framing)) return bad('interim response with a body');
    if (line.status < 200 && line.status !== 101 && !persistent) return bad('interim response that would be the last');
    const { status, statusText } = line;
    const statedLength = framing?.kind === 'length' ? framing.length : framing?.kind === 'none' ? 0 : -1;
    return {
      kind: 'response',
      status,
      statusText,
      framing: effective,
      statedLength,
      reusable: persistent && effective.kind !== 'until-close',
      idleSeconds: this.#idleSeconds,
      upgrade: this.#upgrade,
      eventStream: this.#eventStream && !this.#encoded,
      fields,
      text: `HTTP/1.1 ${statusText}\r\n${fields}${lengthAndEnd({ status, statedLength })}`,
      octets: undefined,
    };
  }
}

/** Some readers would take octets for its body that others take for the final response. */
const hasMore = (framing: Framing | undefined): boolean => framing !== undefined && framing.kind !== 'none';

interface StatusLine {
  readonly status: number;
  readonly statusText: string;
  readonly http10: boolean;
  readonly bodiless: boolean;
}

/** Three digits from 100 to 599; -1 for anything else. */
const statusAt = (buffer: Buffer, at: number): number => {
  const hundreds = octetAt(buffer, at) - zero;
  const tens = octetAt(buffer, at + 1) - zero;
  const ones = octetAt(buffer, at + 2) - zero;
  const isStatus = hundreds >= 1 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  return isStatus ? hundreds * 100 + tens * 10 + ones : -1;
};

const isEventStream = (type: string): boolean =>
  type.length >= eventStreamType.length && /^text\/event-stream\b/i.test(type);

const eventStreamType = 'text/event-stream';

const idleSecondsOf = (keepAlive: string): number | undefined => {
  const seconds = /timeout=(\d{1,6})/i.exec(keepAlive)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
};

const toKeep = (head: ResponseHead, octets: KnownOctets): ResponseHead => ({
  ...head,
  text: inOnePiece(head.text),
  octets,
});

const reader = new ResponseReader();
const recurring = new RecurringHeads(toKeep);

import { carriageReturn, colon, lineFeed, octetAt, space, tab, tokenOctets, valueOctets } from './characters.ts';
import { limits } from './limits.ts';

export type FieldFault = 'too-many' | 'malformed';

/**
 * The field lines of one head as offsets into its buffer: no object per field, no copies. Reused for every head, so
 * what it holds is read before the next head is scanned.
 */
export class FieldLines {
  readonly nameStart = new Int32Array(limits.fields);
  readonly nameEnd = new Int32Array(limits.fields);
  readonly valueStart = new Int32Array(limits.fields);
  readonly valueEnd = new Int32Array(limits.fields);
  count = 0;
  /** One per line that does not go on. */
  readonly #dropped = new Uint8Array(limits.fields);

  /** Reads `name: value CRLF` lines up to `end`. Strict: whatever RFC 9112 5 forbids is a fault. */
  scan(buffer: Buffer, start: number, end: number): FieldFault | undefined {
    this.count = 0;
    let at = start;
    while (at < end) {
      if (this.count === limits.fields) return 'too-many';
      at = this.#scanLine(buffer, at);
      if (at < 0) return 'malformed';
    }
    return undefined;
  }

  value(buffer: Buffer, index: number): string {
    return buffer.toString('latin1', this.valueStart[index], this.valueEnd[index]);
  }

  name(buffer: Buffer, index: number): string {
    return buffer.toString('latin1', this.nameStart[index], this.nameEnd[index]);
  }

  /** The whole line with its CRLF, as it was received. */
  line(buffer: Buffer, index: number): string {
    return `${this.name(buffer, index)}: ${this.value(buffer, index)}\r\n`;
  }

  /** To the letter, and with no white space behind the value. */
  beginsWith(buffer: Buffer, index: number, octets: Uint8Array): boolean {
    const start = this.nameStart[index] as number;
    const valueEnd = this.valueEnd[index] as number;
    if (this.valueStart[index] !== start + octets.length || octetAt(buffer, valueEnd) !== carriageReturn) return false;
    for (let at = 0; at < octets.length; at += 1) if (octetAt(buffer, start + at) !== octets[at]) return false;
    return true;
  }

  /** This line does not go on. */
  drop(index: number): void {
    this.#dropped[index] = 1;
  }

  /** `Connection: X-Hop` makes X-Hop hop-by-hop; `spared` goes on all the same. */
  dropNamed(buffer: Buffer, names: readonly string[], spared: string): void {
    for (let index = 0; index < this.count; index += 1) {
      const name = this.name(buffer, index).toLowerCase();
      if (name !== spared && names.includes(name)) this.drop(index);
    }
  }

  /** What goes on of the octets from `start`, at the first line or ahead of it, to `end`; in as few pieces as it lies there. */
  kept(buffer: Buffer, start: number, end: number): string {
    let text = '';
    let from = start;
    for (let index = 0; index < this.count; index += 1) {
      if (this.#dropped[index] === 0) continue;
      const stop = this.nameStart[index] as number;
      if (stop > from) text += buffer.toString('latin1', from, stop);
      from = index + 1 < this.count ? (this.nameStart[index + 1] as number) : end;
    }
    return from < end ? text + buffer.toString('latin1', from, end) : text;
  }

  #scanLine(buffer: Buffer, start: number): number {
    const index = this.count;
    let at = start;
    while (tokenOctets[octetAt(buffer, at)] === 1) at += 1;
    if (at === start || octetAt(buffer, at) !== colon) return -1;
    this.nameStart[index] = start;
    this.nameEnd[index] = at;
    at += 1;
    while (isBlank(octetAt(buffer, at))) at += 1;
    const valueStart = at;
    while (valueOctets[octetAt(buffer, at)] === 1) at += 1;
    if (octetAt(buffer, at) !== carriageReturn || octetAt(buffer, at + 1) !== lineFeed) return -1;
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(octetAt(buffer, valueEnd - 1))) valueEnd -= 1;
    this.valueStart[index] = valueStart;
    this.valueEnd[index] = valueEnd;
    this.#dropped[index] = 0;
    this.count = index + 1;
    return at + 2;
  }
}

const isBlank = (octet: number): boolean => octet === space || octet === tab;

interface Alike<Name extends string> {
  readonly name: Name;
  readonly octets: Uint8Array;
}

const longestName = 31;

/** Names that mean something to us, found by length and first letter before anything is compared. */
export class FieldNames<Name extends string> {
  /** By shape; an array without holes, since every field of every head asks it. */
  readonly #byShape: Alike<Name>[][] = Array.from({ length: (longestName + 1) << 5 }, () => []);
  readonly #fold: Uint8Array;

  /** `fold`: which octets count as the same, `loweredOctets` or `foldedOctets`. Names are at most 31 octets long. */
  constructor(names: readonly Name[], fold: Uint8Array) {
    this.#fold = fold;
    for (const name of names) {
      const alike = this.#byShape[shapeOf(name.length, name.charCodeAt(0))];
      alike?.push({ name, octets: Buffer.from(name, 'latin1') });
    }
  }

  find(buffer: Buffer, start: number, end: number): Name | undefined {
    const length = end - start;
    if (length > longestName || length === 0) return undefined;
    const alike = this.#byShape[shapeOf(length, octetAt(buffer, start))];
    if (alike === undefined) return undefined;
    for (let index = 0; index < alike.length; index += 1) {
      const { name, octets } = alike[index] as Alike<Name>;
      if (this.#isSame(buffer, start, octets)) return name;
    }
    return undefined;
  }

  #isSame(buffer: Buffer, start: number, octets: Uint8Array): boolean {
    for (let index = 0; index < octets.length; index += 1) {
      if (this.#fold[octetAt(buffer, start + index)] !== octets[index]) return false;
    }
    return true;
  }
}

/** The last five bits of a letter are the same in both cases. */
const shapeOf = (length: number, first: number): number => (length << 5) | (first & 0x1f);

/** `keep-alive, X-Hop` → its tokens in lower case. */
export const tokensOf = (value: string): string[] =>
  value
    .toLowerCase()
    .split(',')
    .map(withoutWhiteSpace)
    .filter((token) => token !== '');

/** Of all that `trim` takes away only these two octets are white space in a field (RFC 9110 5.6.3): 0xA0 is not. */
export const withoutWhiteSpace = (text: string): string => {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
};

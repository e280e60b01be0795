import { octetAt, space, tab, zero } from './characters.ts';
import type { FieldLines } from './fields.ts';

/** How long a body is. `until-close` exists in responses only. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

/** Shared, so that a message without a body costs no object. */
export const noBody: Framing = { kind: 'none' };
export const chunkedBody: Framing = { kind: 'chunked' };
export const bodyUntilClose: Framing = { kind: 'until-close' };

/** Collects what a head says about its body. RFC 9112 6.1 to 6.3, with every doubt refused. One serves head after head. */
export class FramingFields {
  #length = -1;
  #body: Framing & { readonly kind: 'length' } = { kind: 'length', length: -1 };
  #coding: string | undefined;
  /** Why the framing can't be trusted. */
  fault: 'ambiguous-length' | 'ambiguous-coding' | 'unknown-coding' | undefined;

  reset(): void {
    this.#length = -1;
    this.#coding = undefined;
    this.fault = undefined;
  }

  contentLength(buffer: Buffer, lines: FieldLines, index: number): void {
    const length = lengthIn(buffer, lines.valueStart[index] as number, lines.valueEnd[index] as number);
    if (length < 0 || this.#length >= 0) this.fault ??= 'ambiguous-length';
    else this.#length = length;
  }

  transferEncoding(buffer: Buffer, lines: FieldLines, index: number): void {
    const coding = lines.value(buffer, index).toLowerCase();
    if (this.#coding !== undefined) this.fault ??= 'ambiguous-coding';
    else if (hasTabBehind(buffer, lines.valueEnd[index] as number)) this.fault ??= 'ambiguous-coding';
    else if (coding !== 'chunked') this.fault ??= hasChunkedAhead(coding) ? 'ambiguous-coding' : 'unknown-coding';
    this.#coding = coding;
  }

  /** A name that only looks like one of the two (`Content_Length`): some application would take it for the real one. */
  lookalike(): void {
    this.fault ??= 'ambiguous-length';
  }

  get hasCoding(): boolean {
    return this.#coding !== undefined;
  }

  /** After the last field; undefined when neither field was there. `fault` is final from here on. */
  settle(): Framing | undefined {
    if (this.#coding !== undefined) {
      if (this.#length >= 0) this.fault ??= 'ambiguous-length';
      return chunkedBody;
    }
    if (this.#length < 0) return undefined;
    if (this.#length === 0) return noBody;
    // Often the length of the one before.
    if (this.#body.length !== this.#length) this.#body = { kind: 'length', length: this.#length };
    return this.#body;
  }
}

/** Chunked, and then something else. */
const hasChunkedAhead = (coding: string): boolean => {
  const at = coding.indexOf('chunked');
  return at >= 0 && coding.includes(',', at);
};

/** White space that is legal and that some parsers, llhttp among them, take for a part of the coding's name. */
const hasTabBehind = (buffer: Buffer, valueEnd: number): boolean => {
  let at = valueEnd;
  while (buffer[at] === space) at += 1;
  return buffer[at] === tab;
};

const mostDigits = 15;

/** Digits without a zero ahead of them; -1 for anything else. */
const lengthIn = (buffer: Buffer, start: number, end: number): number => {
  const digits = end - start;
  if (digits < 1 || digits > mostDigits || (digits > 1 && octetAt(buffer, start) === zero)) return -1;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const digit = octetAt(buffer, at) - zero;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
};

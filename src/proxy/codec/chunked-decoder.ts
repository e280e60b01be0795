import type { BodyDecoder, BodyState, ContentSink } from './body.ts';
import { carriageReturn, hexValues, lineFeed, octetAt, semicolon } from './characters.ts';
import { nextExtensionPart } from './chunk-extension.ts';
import type { ExtensionPart } from './chunk-extension.ts';
import { hasBareFeed } from './head-end.ts';
import { limits } from './limits.ts';
import { trailerFields } from './trailers.ts';

type Part = 'size' | 'extension' | 'size-end' | 'data' | 'data-return' | 'data-feed' | 'trailer' | 'done' | 'malformed';

/** RFC 9112 7.1. Extensions are read over; what is malformed stops it for good. */
export class ChunkedDecoder implements BodyDecoder {
  trailers = '';
  readonly #sink: ContentSink;
  #part: Part = 'size';
  #remaining = 0;
  #digits = 0;
  #lineLength = 0;
  #extension: ExtensionPart = 'before-name';
  #trailer: Buffer[] = [];
  #trailerLength = 0;

  constructor(sink: ContentSink) {
    this.#sink = sink;
  }

  get state(): BodyState {
    return this.#part === 'done' || this.#part === 'malformed' ? this.#part : 'open';
  }

  decode(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.state === 'open') {
      if (this.#part === 'data') at = this.#data(buffer, at, end);
      else if (this.#part === 'trailer') at = this.#takeTrailer(buffer, at, end);
      else {
        this.#part = this.#step(octetAt(buffer, at));
        at += 1;
      }
    }
    return at;
  }

  /** One octet of a chunk's first line or of the line end behind its data. */
  #step(octet: number): Part {
    switch (this.#part) {
      case 'size':
        return this.#size(octet);
      case 'extension':
        return this.#extend(octet);
      case 'size-end':
        return octet === lineFeed ? this.#lineDone() : 'malformed';
      case 'data-return':
        return octet === carriageReturn ? 'data-feed' : 'malformed';
      case 'data-feed':
        return octet === lineFeed ? this.#nextChunk() : 'malformed';
      default:
        return 'malformed';
    }
  }

  #size(octet: number): Part {
    const digit = hexValues[octet] as number;
    if (digit < 16) {
      this.#digits += 1;
      this.#remaining = this.#remaining * 16 + digit;
      return this.#digits <= 12 ? 'size' : 'malformed';
    }
    if (this.#digits === 0) return 'malformed';
    if (octet === carriageReturn) return 'size-end';
    if (octet !== semicolon) return 'malformed';
    this.#lineLength = 0;
    this.#extension = 'before-name';
    return 'extension';
  }

  #extend(octet: number): Part {
    const next = nextExtensionPart(this.#extension, octet);
    this.#lineLength += 1;
    if (next === undefined || this.#lineLength > limits.chunkLineBytes) return 'malformed';
    if (next === 'end') return 'size-end';
    this.#extension = next;
    return 'extension';
  }

  #lineDone(): Part {
    return this.#remaining === 0 ? 'trailer' : 'data';
  }

  #nextChunk(): Part {
    this.#digits = 0;
    return 'size';
  }

  #data(buffer: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#remaining);
    this.#remaining -= stop - start;
    this.#sink(buffer, start, stop);
    if (this.#remaining === 0) this.#part = 'data-return';
    return stop;
  }

  /** Trailer lines are kept until the empty line that ends them: nothing is complete before. */
  #takeTrailer(buffer: Buffer, start: number, end: number): number {
    const known = this.#trailerLength;
    const all = Buffer.concat([...this.#trailer, buffer.subarray(start, end)]);
    const stop = all.length >= 2 && all[0] === carriageReturn && all[1] === lineFeed ? 0 : all.indexOf('\r\n\r\n');
    if (stop < 0) {
      this.#trailer = [all];
      this.#trailerLength = all.length;
      if (all.length > limits.trailerBytes || hasBareFeed(all, 0)) this.#part = 'malformed';
      return end;
    }
    const length = stop === 0 ? 2 : stop + 4;
    const fields = stop === 0 ? '' : length > limits.trailerBytes ? undefined : trailerFields(all, stop + 2);
    if (fields === undefined) this.#part = 'malformed';
    else {
      this.trailers = fields;
      this.#part = 'done';
    }
    return start + length - known;
  }
}

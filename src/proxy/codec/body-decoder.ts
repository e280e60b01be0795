import type { BodyDecoder, BodyState, ContentSink } from './body.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import type { Framing } from './framing.ts';

export const bodyDecoder = (framing: Framing, sink: ContentSink): BodyDecoder => {
  switch (framing.kind) {
    case 'none':
      return emptyBody;
    case 'length':
      return new LengthDecoder(framing.length, sink);
    case 'chunked':
      return new ChunkedDecoder(sink);
    case 'until-close':
      return new UntilCloseDecoder(sink);
  }
};

const emptyBody: BodyDecoder = { state: 'done', trailers: '', decode: (_buffer, start) => start };

class LengthDecoder implements BodyDecoder {
  readonly trailers = '';
  readonly #sink: ContentSink;
  #remaining: number;

  constructor(length: number, sink: ContentSink) {
    this.#remaining = length;
    this.#sink = sink;
  }

  get state(): BodyState {
    return this.#remaining === 0 ? 'done' : 'open';
  }

  decode(buffer: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#remaining);
    this.#remaining -= stop - start;
    if (stop > start) this.#sink(buffer, start, stop);
    return stop;
  }
}

/** Ends with the connection only. */
class UntilCloseDecoder implements BodyDecoder {
  readonly trailers = '';
  readonly state = 'open';
  readonly #sink: ContentSink;

  constructor(sink: ContentSink) {
    this.#sink = sink;
  }

  decode(buffer: Buffer, start: number, end: number): number {
    if (end > start) this.#sink(buffer, start, end);
    return end;
  }
}

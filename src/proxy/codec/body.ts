/** Where decoded content goes; the slice is only valid during the call. */
export type ContentSink = (buffer: Buffer, start: number, end: number) => void;

export type BodyState = 'open' | 'done' | 'malformed';

/** Takes one body out of a stream of octets. `decode` returns where it stopped: at the end of the body, or of what was given. */
export interface BodyDecoder {
  readonly state: BodyState;
  /** Trailer fields that may go on; empty until done. */
  readonly trailers: string;
  decode(buffer: Buffer, start: number, end: number): number;
}

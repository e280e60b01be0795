/** Follows the frames of one direction of a WebSocket, so that a frame of ours can be put between two of theirs. */
export class FrameBoundary {
  /** No frame is half way through. */
  atBoundary = true;
  /** A Close frame has passed: nothing may follow it. */
  sawClose = false;
  #header: number[] = [];
  #headerLength = 2;
  #payloadLeft = 0;

  /** Goes on to the next boundary when asked to stop there, else to the end; returns where it is. */
  advance(buffer: Buffer, start: number, end: number, stopAtBoundary: boolean): number {
    let at = start;
    while (at < end) {
      at = this.#payloadLeft > 0 ? this.#payload(at, end) : this.#headerOctet(buffer, at);
      if (this.atBoundary && stopAtBoundary) return at;
    }
    return at;
  }

  #payload(start: number, end: number): number {
    const stop = Math.min(end, start + this.#payloadLeft);
    this.#payloadLeft -= stop - start;
    if (this.#payloadLeft === 0) this.atBoundary = true;
    return stop;
  }

  #headerOctet(buffer: Buffer, at: number): number {
    this.#header.push(buffer[at] as number);
    this.atBoundary = false;
    if (this.#header.length === 2) this.#headerLength = headerLength(this.#header[1] as number);
    if (this.#header.length === this.#headerLength) this.#headerDone();
    return at + 1;
  }

  #headerDone(): void {
    const [first = 0, second = 0, ...rest] = this.#header;
    if ((first & 0x0f) === closeOpcode) this.sawClose = true;
    this.#payloadLeft = payloadLength(second & 0x7f, rest);
    this.atBoundary = this.#payloadLeft === 0;
    this.#header = [];
    this.#headerLength = 2;
  }
}

const closeOpcode = 8;

/** RFC 6455 5.2: two octets, an extended length, a masking key. */
const headerLength = (second: number): number => {
  const length = second & 0x7f;
  const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
  return 2 + extended + ((second & 0x80) === 0 ? 0 : 4);
};

const payloadLength = (short: number, rest: readonly number[]): number => {
  if (short < 126) return short;
  return rest.slice(0, short === 126 ? 2 : 8).reduce((length, octet) => length * 256 + octet, 0);
};

/** 1012: service restart (IANA's WebSocket close codes). */
const serviceRestart = Buffer.from([0x03, 0xf4]);

/** A server's Close frame is not masked. */
export const closeForClient = Buffer.from([0x80 | closeOpcode, serviceRestart.length, ...serviceRestart]);

/** A client's frames must be masked; the key may be any. */
export const closeForUpstream = (): Buffer => {
  const key = Buffer.from([0, 0, 0, 0].map(() => Math.floor(Math.random() * 256)));
  const masked = serviceRestart.map((octet, index) => octet ^ (key[index] as number));
  return Buffer.from([0x80 | closeOpcode, 0x80 | serviceRestart.length, ...key, ...masked]);
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Knows whether the content that has passed so far ends between two events of a server-sent event stream. */
export class EventBoundary {
  /** The stream may end here without cutting an event in two. Before the first octet, too. */
  atBoundary = true;
  /** The octets that could still be part of an empty line, newest last. */
  #lastOctet = lineFeed;
  /** Line ends since the last octet of text; CRLF is one. */
  #lineEnds = 2;

  advance(buffer: Buffer, start: number, end: number): void {
    this.#scan(buffer, Math.max(start, this.#firstThatMatters(buffer, start, end)), end);
  }

  /** Where the last event in this content ends, or -1 when none does. State is then as of that place. */
  lastBoundaryIn(buffer: Buffer, start: number, end: number): number {
    for (let stop = end; stop > start; stop -= 1) {
      if (!isLineEnd(buffer[stop - 1])) continue;
      const probe = this.#copy();
      probe.advance(buffer, start, stop);
      if (!probe.atBoundary) continue;
      this.advance(buffer, start, stop);
      return stop;
    }
    return -1;
  }

  #scan(buffer: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at += 1) {
      const octet = buffer[at] as number;
      const completesCrlf = octet === lineFeed && this.#lastOctet === carriageReturn;
      if (!isLineEnd(octet)) this.#lineEnds = 0;
      else if (!completesCrlf) this.#lineEnds += 1;
      this.#lastOctet = octet;
    }
    this.atBoundary = this.#lineEnds >= 2;
  }

  /** Only what follows the last octet of text decides; text is found from the back. */
  #firstThatMatters(buffer: Buffer, start: number, end: number): number {
    let at = end - 1;
    while (at >= start && isLineEnd(buffer[at])) at -= 1;
    return at;
  }

  #copy(): EventBoundary {
    const copy = new EventBoundary();
    copy.atBoundary = this.atBoundary;
    copy.#lastOctet = this.#lastOctet;
    copy.#lineEnds = this.#lineEnds;
    return copy;
  }
}

const isLineEnd = (octet: number | undefined): boolean => octet === lineFeed || octet === carriageReturn;

import type { Output } from './output.ts';
import { giveBackSpare, takeSpare } from './spare-buffers.ts';

/** Up to here a request is kept as text, which takes no more room than it needs. */
const mostText = 4_096;

/** A request as far as it is here, while it may have to be sent or sent again. */
export class KeptRequest {
  #text: string;
  /** All of it, once that is too much for text. */
  #octets: Buffer | undefined;
  #length = 0;
  #beingWritten = 0;
  #isReleased = false;

  constructor(head: string) {
    this.#text = head;
  }

  text(text: string): void {
    if (this.#octets === undefined && this.#text.length + text.length <= mostText) this.#text += text;
    else {
      const octets = this.#withRoom(text.length);
      this.#length += octets.write(text, this.#length, 'latin1');
    }
  }

  content(buffer: Buffer, start: number, end: number): void {
    if (this.#octets === undefined && this.#text.length + end - start <= mostText)
      this.#text += buffer.toString('latin1', start, end);
    else {
      const octets = this.#withRoom(end - start);
      this.#length += buffer.copy(octets, this.#length, start, end);
    }
  }

  writeTo(output: Output): void {
    if (this.#octets === undefined) {
      output.text(this.#text);
      return;
    }
    this.#beingWritten += 1;
    output.octets(this.#octets.subarray(0, this.#length), () => {
      this.#beingWritten -= 1;
      if (this.#isReleased) this.release();
    });
  }

  /** It will not be sent again. */
  release(): void {
    this.#isReleased = true;
    this.#text = '';
    if (this.#octets === undefined || this.#beingWritten > 0) return;
    giveBackSpare(this.#octets);
    this.#octets = undefined;
  }

  /** A buffer with that much room behind what is in it. */
  #withRoom(bytes: number): Buffer {
    const before = this.#octets;
    if (before !== undefined && this.#length + bytes <= before.length) return before;
    const octets = takeSpare((this.#length || this.#text.length) + bytes);
    if (before === undefined) this.#length = octets.write(this.#text, 0, 'latin1');
    else {
      before.copy(octets, 0, 0, this.#length);
      giveBackSpare(before);
    }
    this.#text = '';
    this.#octets = octets;
    return octets;
  }
}

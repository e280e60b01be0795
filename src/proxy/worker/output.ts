import type { Socket } from 'node:net';
import { DirectWriter } from './direct-write.ts';
import { giveBackSpare, takeSpare } from './spare-buffers.ts';
import { writeAtTurnEnd } from './turn-end.ts';

/** Up to here copying text and content into one string costs less than a gathered write. */
const joinedBytes = 16_384;

/**
 * Gathers what one turn has to say to a socket into one write where possible. Content is copied: it lies in a read
 * buffer that the next read of any connection overwrites.
 */
export class Output {
  readonly #socket: Socket;
  readonly #direct: DirectWriter;
  /** What was said and is not written yet. */
  #text = '';
  #isWaiting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#direct = new DirectWriter(socket);
  }

  /** Octets that the kernel has not taken yet. */
  get waitingBytes(): number {
    return this.#direct.waiting + this.#socket.writableLength;
  }

  /** The kernel took everything, and refused nothing. */
  get tookAll(): boolean {
    return !this.#socket.destroyed && this.#text === '' && this.waitingBytes === 0;
  }

  /** What was said last has not left this process, not an octet of it. */
  get isUnwritten(): boolean {
    return this.#text !== '';
  }

  /** The socket holds more than it should: wait for its `drain`. */
  get isFull(): boolean {
    return this.#direct.waiting > 0 || (!this.#direct.isSole && this.#socket.writableNeedDrain);
  }

  text(text: string): void {
    this.#text += text;
  }

  content(buffer: Buffer, start: number, end: number): void {
    if (this.#text.length + end - start <= joinedBytes) this.#text += buffer.toString('latin1', start, end);
    else this.#writeCopy(buffer, start, end);
  }

  /** In one piece, behind the text so far; `taken` is called as soon as they may be overwritten. */
  octets(octets: Buffer, taken: () => void): void {
    this.write();
    if (this.#socket.destroyed) taken();
    else if (!this.#direct.octets(octets, taken)) this.#socket.write(octets, taken);
  }

  /** What was said goes out by the end of this turn. False when the socket is full. */
  flush(): boolean {
    if (!this.#isWaiting && this.#text !== '') {
      this.#isWaiting = true;
      writeAtTurnEnd(this);
    }
    return !this.isFull;
  }

  /** What was said goes out now. */
  write(): void {
    this.#isWaiting = false;
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    if (!this.#direct.text(text) && !this.#socket.destroyed) this.#socket.write(text, 'latin1');
  }

  /** Nothing follows what was said. */
  end(done?: () => void): void {
    this.write();
    this.#direct.end();
    this.#socket.end(done);
  }

  /** In one piece with the text ahead of it. */
  #writeCopy(buffer: Buffer, start: number, end: number): void {
    const text = this.#text;
    this.#text = '';
    if (this.#socket.destroyed) return;
    const bytes = text.length + end - start;
    const copy = takeSpare(bytes);
    copy.write(text, 'latin1');
    buffer.copy(copy, text.length, start, end);
    const written = copy.subarray(0, bytes);
    this.octets(written, () => giveBackSpare(copy));
  }
}

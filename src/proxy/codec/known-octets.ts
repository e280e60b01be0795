/** Octets to be found again elsewhere, at least four of them: compared four at a time, which takes a third of the time. */
export class KnownOctets {
  readonly length: number;
  /** The last one overlaps the one before where they don't come out even. */
  readonly #words: Int32Array;

  constructor(buffer: Buffer, start: number, end: number) {
    this.length = end - start;
    const view = viewOf(buffer);
    this.#words = Int32Array.from({ length: Math.ceil(this.length / 4) }, (_, index) =>
      view.getInt32(Math.min(start + index * 4, end - 4), true),
    );
  }

  /** `start` and as many octets behind it lie inside of the buffer. */
  areAt(buffer: Buffer, start: number): boolean {
    const view = viewOf(buffer);
    const words = this.#words;
    const last = words.length - 1;
    for (let index = 0; index < last; index += 1) {
      if (view.getInt32(start + index * 4, true) !== words[index]) return false;
    }
    return view.getInt32(start + this.length - 4, true) === words[last];
  }
}

/** Nearly all octets are looked at where they were read to, which is one buffer. */
const viewed: { buffer: Buffer; view: DataView } = { buffer: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)) };

const viewOf = (buffer: Buffer): DataView => {
  if (buffer !== viewed.buffer) {
    viewed.buffer = buffer;
    viewed.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }
  return viewed.view;
};

export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly payload: Buffer;
}

/** Docker's multiplexed output: an 8-byte head (stream, three zeros, length) before every piece, cut anywhere by the transport. */
export class FrameDecoder {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length >= headLength) {
      const end = headLength + data.readUInt32BE(4);
      if (data.length < end) break;
      frames.push({ stream: data[0] === 2 ? 'stderr' : 'stdout', payload: data.subarray(headLength, end) });
      data = data.subarray(end);
    }
    this.#rest = data;
    return frames;
  }
}

const headLength = 8;

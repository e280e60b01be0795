/** Keeps the last 64 KiB of what a command wrote, however much that was. */
export class OutputTail {
  #chunks: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < 2 * limit) return;
    this.#chunks = [Buffer.concat(this.#chunks).subarray(-limit)];
    this.#size = limit;
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(-limit).toString('utf8');
  }
}

const limit = 64 * 1024;

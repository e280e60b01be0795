import { StringDecoder } from 'node:string_decoder';

/** Cuts a byte stream into lines without their ends; a line longer than `longest` characters is cut there, so memory stays bounded. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #longest: number;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(onLine: (line: string) => void, longest = Number.POSITIVE_INFINITY) {
    this.#onLine = onLine;
    this.#longest = longest;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#emit(line);
    if (this.#rest.length > this.#longest) {
      this.#emit(this.#rest);
      this.#rest = '';
    }
  }

  /** What came after the last line end, if anything. */
  end(): void {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') this.#emit(rest);
  }

  #emit(line: string): void {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    this.#onLine(text.length > this.#longest ? text.slice(0, this.#longest) : text);
  }
}

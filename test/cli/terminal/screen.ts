import { Writable } from 'node:stream';

/** A terminal as far as we use one: text, line ends, cursor up, erase to the end of line and of screen, wrapping. */
export class Screen extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    // oxlint-disable-next-line no-control-regex -- a terminal's own language
    for (const [, count, command, character = ''] of text.matchAll(/\u001B\[([\d;]*)([A-Za-z])|([\s\S])/gu)) {
      if (command === undefined) this.#print(character);
      else this.#obey(command, Number(count === '' ? 1 : count));
    }
    done();
  }

  get text(): string {
    return this.#lines.join('\n').trimEnd();
  }

  #print(character: string): void {
    if (character === '\n') return this.#moveTo(this.#row + 1);
    if (character === '\r') {
      this.#column = 0;
      return;
    }
    if (this.#column === this.columns) this.#moveTo(this.#row + 1);
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }

  #moveTo(row: number): void {
    this.#row = row;
    this.#column = 0;
    while (this.#lines.length <= row) this.#lines.push('');
  }

  #obey(command: string, count: number): void {
    if (command === 'A') this.#row = Math.max(0, this.#row - count);
    if (command === 'K' || command === 'J') {
      this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
    }
    if (command === 'J') this.#lines.splice(this.#row + 1);
  }
}

export const streamOf = (screen: Screen): NodeJS.WriteStream => screen as unknown as NodeJS.WriteStream;

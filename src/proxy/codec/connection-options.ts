import { loweredOctets } from './characters.ts';
import { FieldNames, tokensOf } from './fields.ts';
import type { FieldLines } from './fields.ts';

const options = new FieldNames(['close', 'keep-alive', 'upgrade'], loweredOctets);

/** What a head says under Connection. One serves head after head; the usual words cost no string. */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
  upgrade = false;
  /** Fields that are meant for this connection only; undefined when none is named. */
  named: string[] | undefined;

  reset(): void {
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.named = undefined;
  }

  take(buffer: Buffer, lines: FieldLines, index: number): void {
    const word = options.find(buffer, lines.valueStart[index] as number, lines.valueEnd[index] as number);
    if (word !== undefined) this.#note(word);
    else for (const token of tokensOf(lines.value(buffer, index))) this.#note(token);
  }

  /** What Proxy-Connection says beyond that is of no use to anybody. */
  takeClose(buffer: Buffer, lines: FieldLines, index: number): void {
    if (tokensOf(lines.value(buffer, index)).includes('close')) this.close = true;
  }

  #note(token: string): void {
    if (token === 'close') this.close = true;
    else if (token === 'keep-alive') this.keepAlive = true;
    else if (token === 'upgrade') this.upgrade = true;
    else (this.named ??= []).push(token);
  }
}

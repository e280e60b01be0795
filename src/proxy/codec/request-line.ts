import { carriageReturn, lineFeed, octetAt, space, targetOctets, tokenOctets } from './characters.ts';
import { versionAt, versionLength } from './http-version.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** The parts of a request line as offsets. One serves request after request. */
export class RequestLine {
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  http10 = false;
  /** Behind its CRLF. */
  end = 0;

  read(buffer: Buffer, start: number): Refusal | undefined {
    let at = start;
    while (tokenOctets[octetAt(buffer, at)] === 1) at += 1;
    if (at === start || octetAt(buffer, at) !== space) return refuse(400, 'malformed method');
    this.methodEnd = at;
    at += 1;
    this.targetStart = at;
    while (targetOctets[octetAt(buffer, at)] === 1) at += 1;
    if (at === this.targetStart || octetAt(buffer, at) !== space) return refuse(400, 'malformed target');
    this.targetEnd = at;
    return this.#readVersion(buffer, at + 1);
  }

  #readVersion(buffer: Buffer, start: number): Refusal | undefined {
    const version = versionAt(buffer, start);
    if (version < 0) return refuse(400, 'malformed version');
    const end = start + versionLength;
    const isEnded = octetAt(buffer, end) === carriageReturn && octetAt(buffer, end + 1) === lineFeed;
    if (!isEnded) return refuse(400, 'malformed request line');
    this.http10 = version === 10;
    this.end = end + 2;
    return version === 11 || version === 10 ? undefined : refuse(505, 'unsupported version');
  }
}

import { octetAt } from './characters.ts';

/** Enough for the hosts of a large table; two of them share each pair of places, so that few push each other out. */
const places = 4_096;
const longestKept = 64;

/** Methods, hosts, paths: texts that come again and again are found by their octets instead of being decoded anew. */
export class RecurringTexts {
  readonly #known: string[] = Array.from({ length: places }, () => '');

  take(buffer: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > longestKept) return buffer.toString('latin1', start, end);
    let hash = length;
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + octetAt(buffer, at)) | 0;
    const place = (hash ^ (hash >>> 10)) & (places - 1);
    const known = this.#known[place] as string;
    if (known.length === length && isSame(known, buffer, start)) return known;
    const other = this.#known[place ^ 1] as string;
    if (other.length === length && isSame(other, buffer, start)) return other;
    const text = buffer.toString('latin1', start, end);
    this.#known[place ^ 1] = known;
    this.#known[place] = text;
    return text;
  }
}

const isSame = (text: string, buffer: Buffer, start: number): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) !== octetAt(buffer, start + index)) return false;
  }
  return true;
};

import { carriageReturn, lineFeed, octetAt } from './characters.ts';
import { KnownOctets } from './known-octets.ts';

/** As many heads are remembered at most. */
const places = 256;
/** Longer ones take as long to compare as to read. */
const longestKept = 1_024;
const shortestKept = 4;
/** What nobody asked for again gives way to one newcomer in so many. */
const patience = 16;

interface Known<Head> {
  readonly octets: KnownOctets;
  readonly head: Head;
  wasFound: boolean;
}

/**
 * What was read of octets that come again and again: a client's fields are the same from request to request, and so are many
 * heads of responses within a second. Found by all of their octets, so that reading them anew would give the same.
 */
export class RecurringHeads<Head> {
  readonly #known: (Known<Head> | undefined)[] = Array.from({ length: places }, () => undefined);
  readonly #toKeep: (head: Head, octets: KnownOctets) => Head;
  #newcomers = 0;

  /** `toKeep`: what is worth doing once for a head that may come many times. */
  constructor(toKeep: (head: Head, octets: KnownOctets) => Head = (head) => head) {
    this.#toKeep = toKeep;
  }

  find(buffer: Buffer, start: number, end: number): Head | undefined {
    if (!mayRecur(end - start)) return undefined;
    const known = this.#known[placeOf(buffer, start, end)];
    if (known?.octets.length !== end - start || !known.octets.areAt(buffer, start)) return undefined;
    known.wasFound = true;
    return known.head;
  }

  /** `head` is what was read of these octets; returns it, or what was kept of it. What never recurs does not cost a copy each time. */
  keep(buffer: Buffer, start: number, end: number, head: Head): Head {
    if (!mayRecur(end - start)) return head;
    const place = placeOf(buffer, start, end);
    const before = this.#known[place];
    this.#newcomers += 1;
    if (before !== undefined && !before.wasFound && this.#newcomers % patience !== 0) return head;
    const octets = new KnownOctets(buffer, start, end);
    const kept = this.#toKeep(head, octets);
    this.#known[place] = { octets, head: kept, wasFound: false };
    return kept;
  }
}

/**
 * Behind the head at `start` if it is this one, with the empty line that ends it; else -1. Who has an idea which head will come
 * need not even look for its end.
 */
export const behindHead = (octets: KnownOctets | undefined, buffer: Buffer, start: number, stop: number): number => {
  if (octets === undefined) return -1;
  const end = start + octets.length;
  if (end + 2 > stop || !octets.areAt(buffer, start)) return -1;
  return octetAt(buffer, end) === carriageReturn && octetAt(buffer, end + 1) === lineFeed ? end + 2 : -1;
};

/** Text that is put together of several pieces is written faster each time when it was made one. */
export const inOnePiece = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

const mayRecur = (length: number): boolean => length >= shortestKept && length <= longestKept;

/** By the length and some octets all over: two that differ elsewhere only share a place. */
const placeOf = (buffer: Buffer, start: number, end: number): number => {
  const length = end - start;
  const step = (length >>> 3) + 1;
  let hash = length;
  for (let at = start; at < end; at += step) hash = (Math.imul(hash, 31) + octetAt(buffer, at)) | 0;
  return (hash ^ (hash >>> 8)) & (places - 1);
};

import { carriageReturn, lineFeed, octetAt } from './characters.ts';

/**
 * Where the head that begins at `start` ends: the offset of its empty line, -1 when it is not all there yet, -2 when it can't
 * become valid. Looks at every fourth octet only, as long as that can't be part of the end.
 */
export const findHeadEnd = (buffer: Buffer, start: number, stop = buffer.length): number => {
  let at = start + 3;
  while (at < stop) {
    const octet = octetAt(buffer, at);
    if (octet > carriageReturn) at += 4;
    else if (octet === carriageReturn) at += 1;
    else if (octet !== lineFeed) at += 4;
    else if (isEnd(buffer, at)) return at - 1;
    else at += 2;
  }
  return hasBareFeed(buffer, start, stop) ? -2 : -1;
};

/** One empty line before a request is read over. -1 when only the first half of one is here. RFC 9112 2.2. */
export const requestStart = (buffer: Buffer, from: number, to: number): number => {
  if (octetAt(buffer, from) !== carriageReturn) return from;
  if (to - from < 2) return -1;
  return octetAt(buffer, from + 1) === lineFeed ? from + 2 : from;
};

/** CR LF CR stand before this LF. */
const isEnd = (buffer: Buffer, at: number): boolean =>
  octetAt(buffer, at - 1) === carriageReturn &&
  octetAt(buffer, at - 2) === lineFeed &&
  octetAt(buffer, at - 3) === carriageReturn;

/** An LF alone is refused at once: waiting for a CRLF that the sender will not send would only end in a timeout. */
export const hasBareFeed = (buffer: Buffer, start: number, stop = buffer.length): boolean => {
  for (let at = buffer.indexOf(lineFeed, start); at >= 0 && at < stop; at = buffer.indexOf(lineFeed, at + 1)) {
    if (at === start || buffer[at - 1] !== carriageReturn) return true;
  }
  return false;
};

import { octetAt, zero } from './characters.ts';

const name = Buffer.from('HTTP/');
const dot = 0x2e;

/** Octets of `HTTP/1.1`. */
export const versionLength = 8;

/** `HTTP/1.1` as 11, and so on; -1 when it is no version at all. */
export const versionAt = (buffer: Buffer, at: number): number => {
  for (let index = 0; index < name.length; index += 1) {
    if (octetAt(buffer, at + index) !== octetAt(name, index)) return -1;
  }
  const major = octetAt(buffer, at + 5) - zero;
  const minor = octetAt(buffer, at + 7) - zero;
  return octetAt(buffer, at + 6) === dot && isDigit(major) && isDigit(minor) ? major * 10 + minor : -1;
};

const isDigit = (value: number): boolean => value >= 0 && value <= 9;

/** Octets by name, and one flag per octet, so that checking a character is a table look-up. */
export const tab = 0x09;
export const lineFeed = 0x0a;
export const carriageReturn = 0x0d;
export const space = 0x20;
export const colon = 0x3a;
export const semicolon = 0x3b;
export const zero = 0x30;
export const underscore = 0x5f;

const flags = (accepts: (octet: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, octet) => (accepts(octet) ? 1 : 0));

const tokenMarks = new Set(Buffer.from("!#$%&'*+-.^_`|~", 'latin1'));
const isDigit = (octet: number): boolean => octet >= 0x30 && octet <= 0x39;
const isLetter = (octet: number): boolean => (octet >= 0x41 && octet <= 0x5a) || (octet >= 0x61 && octet <= 0x7a);

/** RFC 9110 5.6.2: methods and field names. */
export const tokenOctets = flags((octet) => isDigit(octet) || isLetter(octet) || tokenMarks.has(octet));
/** RFC 9110 5.5: anything but control characters; tab is white space. */
export const valueOctets = flags((octet) => octet === tab || (octet >= space && octet !== 0x7f));
/** Anything visible in a request target, which is ASCII; the fragment mark never travels. */
export const targetOctets = flags((octet) => octet > space && octet < 0x7f && octet !== 0x23);
/** Value of a hexadecimal digit, or 255. */
export const hexValues = Uint8Array.from({ length: 256 }, (_, octet) => {
  const value = Number.parseInt(String.fromCharCode(octet), 16);
  return Number.isNaN(value) ? 255 : value;
});
/** Letters to lower case. */
export const loweredOctets = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
);
/** The same, and `_` to `-`: applications that read CGI-style variables can't tell these two apart. */
export const foldedOctets = loweredOctets.map((octet) => (octet === 0x5f ? 0x2d : octet));

/** The octet at an index that is known to lie inside. */
export const octetAt = (buffer: Uint8Array, index: number): number => buffer[index] as number;

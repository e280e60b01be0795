import { carriageReturn, semicolon, tokenOctets, valueOctets } from './characters.ts';

/** Where in `;name=value` or `;name="text"` a reader stands. RFC 9112 7.1.1, without the white space that nobody sends. */
export type ExtensionPart = 'before-name' | 'name' | 'before-value' | 'value' | 'quoted' | 'escaped' | 'behind-quotes';

/** The part behind this octet, `end` when it is the CR that ends a whole extension, undefined when it is out of place. */
export const nextExtensionPart = (part: ExtensionPart, octet: number): ExtensionPart | 'end' | undefined => {
  switch (part) {
    case 'before-name':
      return tokenOctets[octet] === 1 ? 'name' : undefined;
    case 'name':
      if (octet === equals) return 'before-value';
      return tokenOctets[octet] === 1 ? 'name' : behindOne(octet);
    case 'before-value':
      if (octet === quote) return 'quoted';
      return tokenOctets[octet] === 1 ? 'value' : undefined;
    case 'value':
      return tokenOctets[octet] === 1 ? 'value' : behindOne(octet);
    case 'quoted':
      if (octet === quote) return 'behind-quotes';
      if (octet === backslash) return 'escaped';
      return valueOctets[octet] === 1 ? 'quoted' : undefined;
    case 'escaped':
      return valueOctets[octet] === 1 ? 'quoted' : undefined;
    case 'behind-quotes':
      return behindOne(octet);
  }
};

/** Another extension or the end of the line. */
const behindOne = (octet: number): ExtensionPart | 'end' | undefined => {
  if (octet === semicolon) return 'before-name';
  return octet === carriageReturn ? 'end' : undefined;
};

const equals = 0x3d;
const quote = 0x22;
const backslash = 0x5c;

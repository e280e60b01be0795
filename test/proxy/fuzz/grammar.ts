import type { Random } from './random.ts';

/** Pieces of messages: the usual one, or once in a while an odd one. How odd an input is differs from input to input. */
export class Pieces {
  readonly random: Random;
  /** Once in so many pieces something odd is chosen. */
  readonly #rarity: number;

  constructor(random: Random) {
    this.random = random;
    this.#rarity = random.of([4, 12, 40, 1_000_000]);
  }

  either(usual: readonly string[], odd: readonly string[]): string {
    return this.random.of(this.random.once(this.#rarity) ? odd : usual);
  }

  get isOdd(): boolean {
    return this.random.once(this.#rarity);
  }

  newline(): string {
    return this.either(crlf, oddNewlines);
  }

  /** Field lines; the framing ones come in among the others. */
  fields(framing: string): string {
    let text = this.random.once(2) ? framing : '';
    for (let count = this.random.below(4); count > 0; count -= 1) text += this.field();
    if (text.startsWith(framing)) return text;
    return text + framing;
  }

  field(): string {
    const { random } = this;
    if (random.once(3)) {
      const value = this.either(plainValues, oddValues);
      return this.either(plainNames, oddNames) + this.either(colons, oddColons) + value + this.newline();
    }
    if (random.once(3_000)) return `${random.of(plainNames)}: ${'v'.repeat(random.below(70_000))}\r\n`;
    if (random.once(3_000)) return 'A: b\r\n'.repeat(random.below(140));
    return random.of(knownLines);
  }

  length(value: number): string {
    const text = this.isOdd ? this.random.of(oddLengths) : String(value);
    const name = this.either(lengthNames, oddLengthNames);
    return name + this.either(colons, oddColons) + text + this.either(nothing, spaces) + this.newline();
  }

  coding(): string {
    const name = this.either(codingNames, oddCodingNames);
    const value = this.either(chunkedCoding, oddCodings);
    return name + this.either(colons, oddColons) + value + this.either(nothing, spaces) + this.newline();
  }

  chunks(): string {
    let text = '';
    for (let count = this.random.below(3); count > 0; count -= 1) {
      const data = this.random.of(contents);
      text += this.#chunkLine(data.length === 0 ? 1 : data.length) + (data === '' ? 'x' : data) + this.newline();
    }
    return text + this.#lastChunk();
  }

  #lastChunk(): string {
    if (this.isOdd) return this.random.of(oddEnds);
    let text = this.#chunkLine(0);
    if (this.random.once(4)) text += this.field();
    if (this.random.once(3_000)) text += `T: ${'t'.repeat(this.random.below(20_000))}\r\n`;
    return text + this.newline();
  }

  #chunkLine(size: number): string {
    const { random } = this;
    const digits = random.once(4) ? size.toString(16).toUpperCase().padStart(random.below(15), '0') : size.toString(16);
    const shown = this.isOdd ? random.of(oddSizes) : digits;
    const extension = random.once(3_000)
      ? `;${'e'.repeat(random.below(5_000))}`
      : this.either(extensions, oddExtensions);
    return shown + extension + this.newline();
  }
}

const crlf = ['\r\n'];
const oddNewlines = [
  '\n',
  '\r',
  '\r\r\n',
  '\n\r',
  '\n\r\n',
  '\r\n\r\n',
  '',
  ' \r\n',
  '\r \n',
  '\0\r\n',
  '\v\r\n',
  '\x85',
  '\r\n ',
];
const nothing = [''];
const spaces = [' ', '\t', '  \t', '\v', '\f', '\0', '\xa0', ',', ';'];
const colons = [': ', ':', ':\t ', ': ', ': '];
const oddColons = [
  ' :',
  '\t:',
  ' : ',
  ';',
  '=',
  '',
  ' ',
  '::',
  ':\0',
  ':\r',
  ':\n',
  ':\r\n ',
  ':\r\n\t',
  '\0:',
  ':\v',
  '\r\n:',
  '\n:',
];

const plainNames = [
  'X-A',
  'x',
  'Accept',
  'User-Agent',
  'Cookie',
  'Content-Type',
  "!#$%&'*+-.^_`|~",
  'X-Forwarded-For',
  'Trailer',
];
const oddNames = [
  'X A', 'X\0', '\xe9', ' X', '\tX', 'X\x7f', '', '"X"', 'X(', 'Content-Length', 'Transfer-Encoding', 'Content_Length',
  'Host', 'Connection', 'Upgrade', 'Expect', 'X@', 'X/Y', 'X,Y', '\x01', 'X\r', 'X\n', 'TE', 'HTTP2-Settings',
]; // prettier-ignore
const plainValues = ['1', '', 'a, b', 'a:b', '\xe9\xff', 'a\tb', '"quoted \\" one"', 'GET / HTTP/1.1', '  padded  '];
const oddValues = [
  'a\0b', 'a\x7f', 'a\rb', 'a\nb', '\x01', '\x1b', '\x0b5', 'a\r\n b', 'a\r\n\tb', 'a\n b', 'close', 'chunked', '5',
  'upgrade', 'a\x85b', '\x80', '\r', '\n',
]; // prettier-ignore
const knownLines = [
  'Connection: keep-alive\r\n', 'Connection: close\r\n', 'Connection: X-A, keep-alive\r\n', 'connection: Upgrade\r\n',
  'Connection: close, keep-alive\r\n', 'Connection:\r\n', 'Connection: ,\r\n', 'Connection: content-length\r\n',
  'Connection: "close"\r\n', 'Connection: closed\r\n', 'Connection: upgrade, close\r\n', 'Connection: Close \r\n',
  'Upgrade: websocket\r\n', 'Upgrade: h2c\r\n', 'Connection: Upgrade\r\nUpgrade: websocket\r\n', 'Keep-Alive: timeout=5\r\n',
  'Proxy-Connection: close\r\n', 'TE: trailers\r\n', 'Expect: 100-continue\r\n', 'X-A: 1\r\n', 'Accept: */*\r\n', 'X-B:2\r\n',
  'Content-Type: text/event-stream\r\n', 'Content-Encoding: gzip\r\n', 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n',
]; // prettier-ignore

const lengthNames = ['Content-Length', 'content-length', 'CONTENT-LENGTH'];
const oddLengthNames = [
  'Content-Length ',
  'Content_Length',
  ' Content-Length',
  'Content-Length\0',
  'Content-Lengt',
  'Content-Lengthx',
  'Content Length',
  'Content-Length\v',
];
const oddLengths = [
  '', '0', '00', '05', '+5', '-5', '5,5', '5, 5', '5,6', '5 5', '0x5', '5.0', '5e0', '5;a', '"5"', 'five', '\xb2', '5\0', '5\x0b',
  '99999999999999999999', '18446744073709551621', '4294967301', '9007199254740993', '000000000000000000005', '1', '6', '\r\n 5', '-0',
]; // prettier-ignore

const codingNames = ['Transfer-Encoding', 'transfer-encoding', 'TRANSFER-ENCODING'];
const oddCodingNames = [
  'Transfer-Encoding ',
  'Transfer_Encoding',
  ' Transfer-Encoding',
  'Transfer-Encoding\t',
  'Transfer-Encodin',
  'Transfer-Encodingx',
  'Transfer Encoding',
  'Transfer-Encoding\0',
];
const chunkedCoding = ['chunked', 'chunked', 'Chunked', 'CHUNKED'];
const oddCodings = [
  '', 'chunke', 'chunkedx', 'xchunked', 'chunked, chunked', 'chunked,', ',chunked', 'chunked,,', 'identity', 'gzip', 'gzip, chunked',
  'chunked, gzip', 'identity, chunked', 'chunked identity', '"chunked"', 'chunked;q=1', 'chun\0ked', 'chunked\0', 'c\rhunked',
  'chunked\r\n , gzip', '\xa0chunked', '\vchunked', 'chunked\v', 'chunked\r\nTransfer-Encoding: gzip', 'chunked, gzip\r\nTransfer-Encoding: chunked',
]; // prettier-ignore

const contents = [
  '',
  'a',
  'hello',
  '0\r\n\r\n',
  '\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  '\0\xff\n',
  'x'.repeat(300),
];
const oddSizes = [
  '', '-5', '+5', '0x5', 'g', '5g', ' 5', '\t5', '5 ', '5\t', '5\v', '5\0', '\r\n5', '\n5', '10000000000000005', 'fffffffffffffffff', '"5"', '5.0',
  '5_', '000000000000000000000005', 'ffffffffffffffff', '100000005', '00000000000005', '7fffffffffffffff', '8000000000000005', '5 0', 'a', '0', '1',
]; // prettier-ignore
const extensions = ['', '', '', ';a', ';a=b', ';a="b c"', ';a=b;c=d', ';'];
const oddExtensions = [
  ' ', ' ;a', '; a', ';a =b', ';\n', ';a\n', ';a\rb', ';a="\n"', ';a="\r\n"', ';a="', ';\0', ';a=\x7f', ';;', ';=', ',a', ';a=b=c', ';a="b"c',
  ';\xe9', '\t', ';a="\\""', ';a="\\', ';a\x01',
]; // prettier-ignore
const oddEnds = [
  '',
  '0',
  '0\r',
  '0\r\n',
  '0\n\n',
  '0\r\n\n',
  '0\n\r\n',
  '00\r\n\r\n',
  '0\r\n\r',
  '0\r\nX\r\n\r\n',
  '0\r\nX : 1\r\n\r\n',
  '0\r\n X: 1\r\n\r\n',
  '\r\n\r\n',
  '0\r\n0\r\n\r\n',
  '0 \r\n\r\n',
  '-0\r\n\r\n',
  '0\r\n\r\n\r\n',
  '0\r\nX: 1\n\r\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '0\r\nA:\r\n b\r\n\r\n',
];

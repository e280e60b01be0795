import type { Random } from './random.ts';

/** One of the seeds with a few octets changed, and now and then another one behind it. */
export const mutated = (random: Random, seeds: readonly string[]): string => {
  let text = random.of(seeds);
  for (let changes = random.below(4); changes > 0; changes -= 1) text = changed(random, text, seeds);
  if (random.once(3)) text += random.of(seeds);
  return text;
};

const changed = (random: Random, text: string, seeds: readonly string[]): string => {
  const at = random.below(text.length + 1);
  switch (random.below(9)) {
    case 0:
      return text.slice(0, at) + random.of(octets) + text.slice(at);
    case 1:
      return text.slice(0, at) + random.of(octets) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random.below(4));
    case 3:
      return text.slice(0, at) + random.of(words) + text.slice(at);
    case 4:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 5: {
      const to = at + random.below(20);
      return text.slice(0, to) + text.slice(at);
    }
    case 6: {
      const other = random.of(seeds);
      return text.slice(0, at) + other.slice(random.below(other.length));
    }
    case 7:
      return atLineEnd(random, text, random.of(octets));
    default:
      return atLineEnd(random, text, random.of(words));
  }
};

/** Where lines meet is where readers differ. */
const atLineEnd = (random: Random, text: string, inserted: string): string => {
  const from = random.below(text.length + 1);
  const at = text.indexOf('\r\n', from);
  if (at < 0) return text + inserted;
  const place = at + random.below(3);
  return text.slice(0, place) + inserted + text.slice(random.once(3) ? place + 1 : place);
};

const octets = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '\v',
  '\f',
  '\x7f',
  '\x80',
  '\xff',
  '"',
  '0',
  '1',
  'a',
  '_',
  '-',
  '+',
  '\x1f',
  '/',
  '\x85',
  '\xa0',
];
const words = [
  'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 0\r\n', '0\r\n\r\n', '5\r\nhello\r\n', 'Host: a\r\n',
  'Connection: close\r\n', 'Connection: Upgrade\r\nUpgrade: websocket\r\n', 'HTTP/1.1', 'HTTP/1.0', 'chunked', 'GET / HTTP/1.1\r\n', '\r\n\r\n',
  'Content-Length:', 'Transfer-Encoding:', ';a=b', ' X: 1\r\n', 'HTTP/1.1 200 OK\r\n', '18446744073709551617', 'X: 1\r\n', 'identity', '100 Continue',
]; // prettier-ignore

import { expect, test } from 'vitest';
import { bytesInWords } from '../../src/lib/index.ts';
import { counted } from '../../src/model/index.ts';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1024, '1 KB'],
  [999_000, '999 KB'],
  [7_340_032, '7 MB'],
  [12_500_000_000, '12.5 GB'],
])('%i bytes are said as %s, never as none of a bigger unit', (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});

test.each([
  [0, '0 images'],
  [1, '1 image'],
  [2, '2 images'],
])('%i of a thing are said as %s', (count, words) => {
  expect(counted(count, 'image')).toBe(words);
});

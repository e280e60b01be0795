import { createColors } from 'picocolors';
import { expect, it } from 'vitest';
import { clip, oneLine, widthOf } from '../../../src/cli/terminal/clip.ts';

const { red } = createColors(true);

it('cuts text to a width and says so', () => {
  expect(clip('exactly', 7)).toBe('exactly');
  expect(clip('too long', 7)).toBe('too lo…');
});

it('counts what is seen: neither colours nor half of a wide character', () => {
  expect(widthOf(red('red'))).toBe(3);
  expect(widthOf('日本')).toBe(4);
  expect(clip(red('a red line'), 6)).toBe(`${red('a red')}…`);
  expect(widthOf(clip('日本語日本語', 6))).toBeLessThanOrEqual(6);
});

it("makes somebody else's output harmless on a line of ours", () => {
  expect(oneLine('\u001B[2Jcleared\r\n\tand\u0007more\n')).toBe('cleared and more');
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventBoundary } from '../../../src/proxy/worker/event-boundary.ts';

const after = (...pieces: string[]): boolean => {
  const boundary = new EventBoundary();
  for (const piece of pieces) boundary.advance(Buffer.from(piece), 0, piece.length);
  return boundary.atBoundary;
};

describe('the end of an event', () => {
  it.each(['', 'data: 1\n\n', 'data: 1\r\n\r\n', 'data: 1\r\r', 'data: 1\n\r\n', ': hi\n\n\n', '\n'])(
    'is after %j',
    (text) => {
      expect(after(text)).toBe(true);
    },
  );
  it.each(['d', 'data: 1', 'data: 1\n', 'data: 1\r\n', 'data: 1\n\ndata: 2\n', 'a\n\nb'])('is not after %j', (text) => {
    expect(after(text)).toBe(false);
  });
  it('is the same wherever the content is cut', () => {
    const text = fc
      .array(fc.constantFrom('a', '\r', '\n', '\r\n', 'data: x'), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.nat(30), fc.nat(30), (whole, first, second) => {
        const [from, to] = [Math.min(first, second), Math.max(first, second)];
        expect(after(whole.slice(0, from), whole.slice(from, to), whole.slice(to))).toBe(after(whole));
      }),
    );
  });
  it('is found where the last event of a piece ends', () => {
    const boundary = new EventBoundary();
    const text = Buffer.from('data: 1\n\ndata: 2\n\ndata: 3\n');
    expect(boundary.lastBoundaryIn(text, 0, text.length)).toBe(18);
    expect(new EventBoundary().lastBoundaryIn(Buffer.from('data: 1\n'), 0, 8)).toBe(-1);
    const halfWay = new EventBoundary();
    halfWay.advance(Buffer.from('data: 1\n'), 0, 8);
    expect(halfWay.lastBoundaryIn(Buffer.from('\ndata: 2'), 0, 8)).toBe(1);
  });
});

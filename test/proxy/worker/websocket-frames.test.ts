import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeForClient, closeForUpstream, FrameBoundary } from '../../../src/proxy/worker/websocket-frames.ts';

/** RFC 6455 5.2. */
const frame = (length: number, masked: boolean, opcode = 2): Buffer => {
  const mask = masked ? 0x80 : 0;
  const head = [0x80 | opcode];
  if (length < 126) head.push(mask | length);
  else if (length < 65_536) head.push(mask | 126, length >> 8, length & 255);
  else
    head.push(mask | 127, 0, 0, 0, 0, (length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
  return Buffer.concat([Buffer.from(head), Buffer.alloc((masked ? 4 : 0) + length, 0x88)]);
};

describe('frames', () => {
  it('are followed in any pieces, at any length', () => {
    const length = fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000);
    fc.assert(
      fc.property(
        fc.array(length, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 9_000 }),
        (lengths, masked, step) => {
          const ends = new Set<number>();
          const wrong: number[] = [];
          let octets: Buffer = Buffer.alloc(0);
          for (const each of lengths) {
            octets = Buffer.concat([octets, frame(each, masked)]);
            ends.add(octets.length);
          }
          const boundary = new FrameBoundary();
          for (let at = 0; at < octets.length; at += step) {
            const stop = Math.min(at + step, octets.length);
            boundary.advance(octets, at, stop, false);
            if (boundary.atBoundary !== ends.has(stop)) wrong.push(stop);
          }
          expect(wrong).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('stop at the next boundary when asked to', () => {
    const octets = Buffer.concat([frame(10, true), frame(300, false)]);
    const boundary = new FrameBoundary();
    expect(boundary.advance(octets, 0, octets.length, true)).toBe(16);
    expect(boundary.advance(octets, 16, 20, true)).toBe(20);
    expect(boundary.atBoundary).toBe(false);
    expect(boundary.advance(octets, 20, octets.length, true)).toBe(octets.length);
  });

  it('say 1012 and are masked towards the upstream only', () => {
    expect([...closeForClient]).toEqual([0x88, 2, 0x03, 0xf4]);
    const [first, second, a = 0, b = 0, , , high = 0, low = 0] = closeForUpstream();
    expect([first, second, high ^ a, low ^ b]).toEqual([0x88, 0x82, 0x03, 0xf4]);
    const boundary = new FrameBoundary();
    boundary.advance(closeForUpstream(), 0, 8, false);
    expect(boundary).toMatchObject({ atBoundary: true, sawClose: true });
  });
});

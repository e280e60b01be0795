import { describe, expect, it } from 'vitest';
import { readByUs } from './ours.ts';
import { Random } from './random.ts';
import type { Input } from './reading.ts';
import { fuzz } from './run.ts';
import type { FuzzOptions, Reader } from './run.ts';
import { requestSeeds, responseSeeds } from './seeds.ts';

const requests: FuzzOptions = { kind: 'request', inputs: 50_000, seed: 1, from: 0, seeds: requestSeeds };
const responses: FuzzOptions = { ...requests, kind: 'response', seeds: responseSeeds };

describe('what we accept, the parser in Node reads the same way, in any pieces', () => {
  it.each([requests, responses])('50,000 inputs: $kind', (options) => {
    const result = fuzz(options);
    expect(result.findings.map(({ what, bytes }) => [what, bytes])).toEqual([]);
    // Most of what is generated must be worth something.
    expect(result.accepted).toBeGreaterThan(options.inputs / 8);
    expect(result.refused).toBeGreaterThan(options.inputs / 4);
  });
});

describe('a parser that is too lax is found out', () => {
  /** Our own, but for octets that it repairs first: exactly what a strict proxy must not do. */
  const repairing = (octets: RegExp, repaired: string): Reader => {
    return (input: Input, places) => {
      const text = input.bytes.toString('latin1').replaceAll(octets, repaired);
      const bytes = Buffer.from(text, 'latin1');
      return readByUs(
        { ...input, bytes },
        places?.map((place) => Math.min(place, bytes.length)),
      );
    };
  };
  const laxities: Record<string, Reader> = {
    'white space before a colon': repairing(/ :/g, ':'),
    'a bare LF for a line end': repairing(/(?<!\r)\n/g, '\r\n'),
    'a signed length': repairing(/\+(?=\d)/g, ''),
    'white space behind a chunk size': repairing(/(?<=\r\n[0-9a-f]) (?=\r\n)/g, ''),
    'a folded line': repairing(/\r\n[ \t]+/g, ' '),
    'a coding nobody knows': repairing(/xchunked/g, 'chunked'),
    NUL: repairing(/\0/g, ''),
  };
  it.each(Object.entries(laxities))('%s', (_name, reader) => {
    expect(fuzz({ ...requests, inputs: 5_000, reader }).findings).not.toEqual([]);
  });

  it('and shown by few octets', () => {
    const { findings } = fuzz({ ...requests, inputs: 2_000, reader: repairing(/ :/g, ':') });
    expect(Math.min(...findings.map(({ bytes }) => bytes.length))).toBeLessThan(80);
  });
});

it('an input follows from seed and number', () => {
  const numbers = (seed: number, input: number): number[] => {
    const random = new Random(seed, input);
    return [random.next(), random.next(), random.next()];
  };
  expect(numbers(7, 12)).toEqual(numbers(7, 12));
  expect(numbers(7, 12)).not.toEqual(numbers(7, 13));
  expect(numbers(7, 12)).not.toEqual(numbers(8, 12));
});

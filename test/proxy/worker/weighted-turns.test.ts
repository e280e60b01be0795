import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Share } from '../../../src/proxy/worker/weighted-turns.ts';
import { WeightedTurns } from '../../../src/proxy/worker/weighted-turns.ts';

const splits = fc
  .array(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 5 })
  .filter((weights) => weights.some((weight) => weight > 0))
  .map((weights): readonly Share[] => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight, index) => ({ revision: index + 1, percent: (weight * 100) / total }));
  });

it('gives each revision its share of any number of requests, to within what two revisions can take from each other', () => {
  fc.assert(
    fc.property(splits, fc.integer({ min: 1, max: 300 }), (shares, requests) => {
      const turns = new WeightedTurns(shares);
      const counts = new Map<number, number>();
      for (let count = 0; count < requests; count += 1) {
        const revision = turns.next() ?? 0;
        counts.set(revision, (counts.get(revision) ?? 0) + 1);
      }
      for (const { revision, percent } of shares) {
        const off = Math.abs((counts.get(revision) ?? 0) - (percent / 100) * requests);
        expect(off).toBeLessThan(shares.length > 2 ? shares.length : 1.001);
        if (percent === 0) expect(counts.has(revision)).toBe(false);
      }
    }),
  );
});

it('goes on where it was with the same shares, and begins anew with others', () => {
  const shares = [
    { revision: 1, percent: 90 },
    { revision: 2, percent: 10 },
  ];
  const first = new WeightedTurns(shares);
  const seen = Array.from({ length: 10 }, () => first.next());
  const place = seen.indexOf(2);
  const second = new WeightedTurns(shares);
  for (let count = 0; count < place; count += 1) second.next();
  expect(new WeightedTurns(shares, second).next()).toBe(2);
  expect(new WeightedTurns([{ revision: 1, percent: 100 }], second).next()).toBe(1);
});

it('has nobody to give a turn to when no share is above zero', () => {
  expect(new WeightedTurns([{ revision: 1, percent: 0 }]).next()).toBeUndefined();
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventIds } from '../../../src/rehearsal/workloads/event-ids.ts';

const lostIn = (ids: readonly (number | string)[]): number => {
  const known = new EventIds();
  return ids
    .map((id) => known.step(String(id)))
    .reduce((lost, step) => lost + (step.kind === 'lost' ? step.count : 0), 0);
};

test.each([
  ['consecutive ids', [7, 8, 9, 10], 0],
  ['a hole after ids were seen to be consecutive', [7, 8, 9, 12, 13], 2],
  ['time stamps', [1700, 1950, 2200, 2450], 0],
  ['ids by ten', [10, 20, 30, 31, 32, 50], 0],
  ['random ids', ['a1', 'b2', 'c3'], 0],
  ['numbers that become words', [1, 2, 3, 'x', 9], 0],
])('%s', (_, ids, lost) => {
  expect(lostIn(ids)).toBe(lost);
});

test('a stream that goes back began anew', () => {
  const ids = new EventIds();
  for (const id of ['5', '6', '7']) ids.step(id);
  expect(ids.step('1')).toEqual({ kind: 'restarted' });
  expect(ids.step('2')).toEqual({ kind: 'next' });
  expect(ids.step('2')).toEqual({ kind: 'restarted' });
});

test('whatever is left out of a consecutive stream is counted exactly', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.array(fc.boolean(), { maxLength: 50 }), (first, kept) => {
      const ids = [first, first + 1, first + 2];
      for (const [index, keep] of kept.entries()) if (keep) ids.push(first + 3 + index);
      const last = kept.lastIndexOf(true);
      const missing = kept.slice(0, last + 1).filter((keep) => !keep).length;
      expect(lostIn(ids)).toBe(missing);
    }),
  );
});

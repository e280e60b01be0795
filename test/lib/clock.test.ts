import { expect, it } from 'vitest';
import type { Sleep } from '../../src/lib/clock.ts';
import { neverBack, noticingSleep } from '../../src/lib/clock.ts';

const readAt = (...times: readonly number[]): readonly Sleep[] => {
  const sleeps: Sleep[] = [];
  const clock = { at: 0 };
  const read = noticingSleep(
    neverBack(() => clock.at),
    (sleep) => sleeps.push(sleep),
  );
  for (const at of times) {
    clock.at = at;
    read();
  }
  return sleeps;
};

it('a time that nobody read for long is a sleep', () => {
  expect(readAt(1000, 6000, 11_000, 3_600_000, 3_605_000, 7_200_000)).toEqual([
    { from: 11_000, to: 3_600_000 },
    { from: 3_605_000, to: 7_200_000 },
  ]);
});

it('a busy machine does not sleep, nor does one whose clock is set back', () => {
  expect(readAt(3_600_000, 3_605_000, 3_614_000, 10_000, 15_000, 20_000)).toEqual([]);
});

import { expect, test } from 'vitest';
import { OpenLoop } from '../../src/rehearsal/open-loop.ts';
import { startRunClock } from '../../src/rehearsal/run-clock.ts';
import { until } from './stage/misbehaving-app.ts';

test('every request has its place in time, whatever the process is kept from doing meanwhile', async () => {
  const clock = startRunClock();
  const starts: number[] = [];
  const begun = clock.now();
  const loop = new OpenLoop(clock, 250, (start) => starts.push(start));
  await until(() => starts.length >= 20);
  const blockedUntil = clock.now() + 300;
  while (clock.now() < blockedUntil);
  await until(() => starts.length >= 120);
  loop.stop();
  const ended = clock.now();

  expect(starts.length).toBeGreaterThanOrEqual(Math.floor((blockedUntil - begun) / 4));
  const [first = 0] = starts;
  expect(starts).toEqual(starts.map((_, index) => first + index * 4));
  expect(Math.max(...starts)).toBeLessThanOrEqual(ended);
});

test('after stop nothing is sent', async () => {
  const starts: number[] = [];
  const loop = new OpenLoop(startRunClock(), 1000, (start) => starts.push(start));
  await until(() => starts.length > 5);
  loop.stop();
  const sent = starts.length;
  loop.stop();
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  expect(starts).toHaveLength(sent);
});

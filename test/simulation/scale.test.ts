import { expect, test } from 'vitest';
import { change, crowd, pass, passUntil } from './crowd.ts';

test('one changed service is replaced without a look at the containers of the others', async () => {
  const world = await crowd(50, 3);
  await pass(world, 61_000);
  world.looks.clear();
  change(world, 'web7');
  await passUntil(world, () => world.rules.whatIsNotRight() === undefined);
  expect(world.violation).toBeUndefined();
  expect([...world.looks.keys()]).toEqual(['web7']);
});

test('with nothing to do every service is looked at once a minute, and nothing else is asked of the engine', async () => {
  const world = await crowd(50, 3);
  await pass(world, 60_000);
  world.looks.clear();
  await pass(world, 60_000);
  expect(world.looks.size).toBe(50);
  expect([...world.looks.values()].every((count) => count === 1)).toBe(true);
});

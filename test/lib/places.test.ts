import { expect, test } from 'vitest';
import { KeyedQueue, Places } from '../../src/lib/index.ts';

test('no more work goes on at once than there are places, and who waits comes in order', async () => {
  const places = new Places(2);
  const begun: number[] = [];
  const ends = [1, 2, 3, 4].map(() => Promise.withResolvers<void>());
  const works = ends.map(({ promise }, index) => places.take(() => (begun.push(index), promise)));
  expect(begun).toEqual([0, 1]);
  ends[1]?.resolve();
  await works[1];
  expect(begun).toEqual([0, 1, 2]);
  for (const { resolve } of ends) resolve();
  await Promise.all(works);
  expect(begun).toEqual([0, 1, 2, 3]);
});

test('work that fails fails for whoever asked for it, and leaves its place', async () => {
  const places = new Places(1);
  const failed = places.take(() => Promise.reject(new Error('no such program')));
  const next = places.take(() => Promise.resolve('done'));
  await expect(failed).rejects.toThrow('no such program');
  expect(await next).toBe('done');
});

test('idle waits for those who work and for those who wait, and who was cleared never begins', async () => {
  const places = new Places(1);
  const begun: string[] = [];
  const first = Promise.withResolvers<void>();
  void places.take(() => (begun.push('first'), first.promise));
  void places.take(() => (begun.push('cleared'), Promise.resolve()));
  places.clear();
  void places.take(() => (begun.push('later'), Promise.resolve()));
  first.resolve();
  await places.idle();
  expect(begun).toEqual(['first', 'later']);
  await places.idle();
});

test('a name that is added while it is worked on is worked on once more, never twice at once', async () => {
  const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let begun = 0;
  const queue = new KeyedQueue<string>(() => ends[begun++]?.promise ?? Promise.resolve(), 4);
  queue.add('web');
  queue.add('web');
  queue.add('web');
  expect(begun).toBe(1);
  for (const { resolve } of ends) resolve();
  await queue.idle();
  expect(begun).toBe(2);
});

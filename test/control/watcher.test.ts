import { expect, test } from 'vitest';
import type { FileListener } from '../../src/control/host.ts';
import { Watcher } from '../../src/control/watcher.ts';
import { systemClock } from '../../src/lib/index.ts';

type Happening = readonly [path: string, how?: 'came' | 'went'];

/** What the watcher says when it is quiet after what a file system told. */
const saidOf = (happenings: readonly Happening[]): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const listeners: FileListener[] = [];
    const watcher = new Watcher({
      clock: systemClock,
      files: {
        watch: (listener) => {
          listeners.push(listener);
          return { add: () => undefined, unwatch: () => undefined, close: async () => undefined };
        },
        realPath: (path) => path,
      },
      onQuiet: (changed) => resolve([...changed]),
      onError: reject,
    });
    watcher.setPaths(['/app']);
    for (const [path, how] of happenings) for (const { onChange } of listeners) onChange(path, how);
  });

const file = '/app/app.mjs';
const beside = '/app/4913';

test.each<readonly [string, readonly Happening[], readonly string[]]>([
  ['is not named where an editor saved a file', [[beside, 'came'], [beside], [file], [beside, 'went']], [file]],
  [
    'is named as long as nothing else changed',
    [
      [beside, 'came'],
      [beside, 'went'],
    ],
    [beside],
  ],
  ['is named when it came again', [[beside, 'came'], [beside, 'went'], [beside, 'came'], [file]], [beside, file]],
])('what came and went %s', async (_when, happenings, said) => {
  expect(await saidOf(happenings)).toEqual(said);
});

test.each<readonly [string, readonly Happening[]]>([
  ['removed', [[file, 'went'], [beside]]],
  ['replaced by removing it first', [[file, 'went'], [file, 'came'], [beside]]],
  ['changed, then removed', [[file], [file, 'came'], [file, 'went'], [beside]]],
])('a file that was there before is named when it is %s', async (_how, happenings) => {
  expect(await saidOf(happenings)).toEqual([file, beside]);
});

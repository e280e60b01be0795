import { expect, test } from 'vitest';
import { canonical, isSame } from '../../src/control/input-hash.ts';

const same: readonly (readonly [unknown, unknown])[] = [
  [
    { a: 1, b: [{ c: 'x', d: null }] },
    { b: [{ d: null, c: 'x' }], a: 1 },
  ],
  [{ a: 1, b: undefined }, { a: 1 }],
  [[], []],
  [undefined, undefined],
];

const different: readonly (readonly [unknown, unknown])[] = [
  [{ a: null }, { a: undefined }],
  [{ a: null }, {}],
  [
    [1, 2],
    [2, 1],
  ],
  [[1], [1, 2]],
  [{}, []],
  [{ a: { b: 1 } }, { a: { b: 1, c: 2 } }],
  ['1', 1],
  [null, {}],
];

test.each(same)('%j and %j are the same, and written the same', (one, other) => {
  expect(isSame(one, other)).toBe(true);
  expect(isSame(other, one)).toBe(true);
  expect(canonical(one)).toBe(canonical(other));
});

test.each(different)('%j and %j are not the same, and not written the same', (one, other) => {
  expect(isSame(one, other)).toBe(false);
  expect(isSame(other, one)).toBe(false);
  expect(canonical(one)).not.toBe(canonical(other));
});

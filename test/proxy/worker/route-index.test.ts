import { expect, it } from 'vitest';
import { RouteIndex } from '../../../src/proxy/worker/route-index.ts';

const index = new RouteIndex<string>();
const routes: [string, string][] = [
  ['a.test', '/'],
  ['a.test', '/x'],
  ['a.test', '/x/y/z/'],
  ['only.test', '/api'],
  ['*.test', '/'],
  ['*.deep.test', '/'],
  ['[::1]', '/'],
];
for (const [host, pathPrefix] of routes) index.add({ host, pathPrefix, pool: '' }, `${host}${pathPrefix}`);

it.each([
  ['a.test', '/', 'a.test/'],
  ['A.TEST:8080', '/q', 'a.test/'],
  ['a.test.', '/x', 'a.test/x'],
  ['a.test', '/x/', 'a.test/x'],
  ['a.test', '/xx', 'a.test/'],
  ['a.test', '/x/y', 'a.test/x'],
  ['a.test', '/x/y/z', 'a.test/x/y/z/'],
  ['a.test', '/x/y/z/1/2/3', 'a.test/x/y/z/'],
  ['a.test', '//x', 'a.test/'],
  ['a.test', '*', 'a.test/'],
  ['only.test', '*', '*.test/'],
  ['b.test', '/x', '*.test/'],
  ['b.deep.test', '/', '*.deep.test/'],
  ['deep.test', '/', '*.test/'],
  ['only.test', '/other', '*.test/'],
  ['test', '/', undefined],
  ['.test', '/', undefined],
  ['', '/', undefined],
  ['[::1]:80', '/', '[::1]/'],
])('%s%s → %s', (host, path, expected) => {
  expect(index.find(host, path)).toBe(expected);
});

it('takes any host where nothing else fits', () => {
  index.add({ host: '*', pathPrefix: '/', pool: '' }, 'any');
  expect(index.find('', '/')).toBe('any');
  expect(index.find('a.test', '/')).toBe('a.test/');
});

it('finds one of ten thousand routes of one host', () => {
  const large = new RouteIndex<number>();
  for (let count = 0; count < 10_000; count += 1)
    large.add({ host: 'h', pathPrefix: `/p${count}/v1`, pool: '' }, count);
  expect(large.find('h', '/p9999/v1/x')).toBe(9_999);
  expect(large.find('h', '/p9999/v2')).toBeUndefined();
});

it('forgets a route, and leaves those above and below it where they are', () => {
  const changing = new RouteIndex<string>();
  for (const pathPrefix of ['/', '/x', '/x/y']) changing.add({ host: 'h', pathPrefix, pool: '' }, pathPrefix);
  expect(changing.remove({ host: 'h', pathPrefix: '/x' })).toBe('/x');
  expect(['/', '/x/1', '/x/y/1'].map((path) => changing.find('h', path))).toEqual(['/', '/', '/x/y']);
  expect(changing.remove({ host: 'h', pathPrefix: '/' })).toBe('/');
  expect(changing.find('h', '/x')).toBeUndefined();
  expect(changing.remove({ host: 'h', pathPrefix: '/x/y/' })).toBe('/x/y');
  expect(changing.find('h', '/x/y')).toBeUndefined();
});

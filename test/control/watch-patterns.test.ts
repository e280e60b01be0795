import { expect, test } from 'vitest';
import { matchesPatterns } from '../../src/control/watch-patterns.ts';

const matched = (patterns: readonly string[], paths: readonly string[]): readonly string[] =>
  paths.filter(matchesPatterns(patterns));

const paths = ['worker_plan/app.py', 'worker_plan/docs/a.md', 'mcp/worker_plan/app.py', 'README.md', '.env'];

test('a leading slash is the root, a folder stands for all in it', () => {
  expect(matched(['/worker_plan'], paths)).toEqual(['worker_plan/app.py', 'worker_plan/docs/a.md']);
  expect(matched(['/worker_plan/**'], paths)).toEqual(['worker_plan/app.py', 'worker_plan/docs/a.md']);
});

test('a name without a slash matches anywhere, dot files included', () => {
  expect(matched(['worker_plan'], paths)).toHaveLength(3);
  expect(matched(['*.md'], paths)).toEqual(['worker_plan/docs/a.md', 'README.md']);
  expect(matched(['.env'], paths)).toEqual(['.env']);
});

test('an exclamation mark takes out again, the last match decides', () => {
  expect(matched(['/worker_plan/**', '!*.md'], paths)).toEqual(['worker_plan/app.py']);
  expect(matched(['!*.md', '/worker_plan/**'], paths)).toHaveLength(2);
});

import { expect, test } from 'vitest';
import { splitCommandLine } from '../../../src/control/operations/command-line.ts';

test.each([
  ['node server.mjs', ['node', 'server.mjs']],
  ['  a   b ', ['a', 'b']],
  [`python -c "print('x y')"`, ['python', '-c', "print('x y')"]],
  [`sh -c 'exec "$@"' -- a`, ['sh', '-c', 'exec "$@"', '--', 'a']],
  [String.raw`a\ b "c \"d\" \n"`, ['a b', String.raw`c "d" \n`]],
  [`--name="two words"x`, ['--name=two wordsx']],
  [`a '' b`, ['a', '', 'b']],
  ['echo $HOME && ls', ['echo', '$HOME', '&&', 'ls']],
])('%s is split as a shell would, nothing expanded', (line, words) => {
  expect(splitCommandLine(line)).toEqual(words);
});

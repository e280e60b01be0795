import { readFile } from 'node:fs/promises';
import type { Command, Option } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../../src/cli/index.ts';
import { systemClock } from '../../src/lib/index.ts';
import { errorCodes } from '../../src/model/index.ts';

const never = new AbortController().signal;
const program = createProgram(
  {
    stdout: process.stdout,
    stderr: process.stderr,
    variables: {},
    user: undefined,
    cwd: '/',
    clock: systemClock,
    version: '0.0.0',
    programs: { node: 'node', supervisor: 'supervisor.ts', proxy: 'proxy.ts' },
    interrupts: { first: never, second: never },
  },
  () => {},
);

const verbsOf = (command: Command, prefix = ''): readonly (readonly [string, Command])[] =>
  command.commands.flatMap((verb) =>
    verb.commands.length > 0 ? verbsOf(verb, `${prefix}${verb.name()} `) : [[`${prefix}${verb.name()}`, verb] as const],
  );

const isGlobal = (option: Option): boolean => option.helpGroupHeading === 'Global options:';

/** Section title → flags in its table. */
const documentedVerbs = async (): Promise<ReadonlyMap<string, readonly string[]>> => {
  const sections = (await readFile('docs/cli.md', 'utf8')).split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const title = section.slice(0, section.indexOf('\n'));
      return [title, [...section.matchAll(/^\| `(-[^`]+)` \|/gm)].map(([, flags = '']) => flags)];
    }),
  );
};

it('docs/cli.md has every verb and its options, and nothing else', async () => {
  const documented = await documentedVerbs();
  const verbs = new Map(
    verbsOf(program).map(([name, verb]) => [
      name,
      verb.options.filter((option) => !isGlobal(option)).map((option) => option.flags),
    ]),
  );
  const { 'Options of every verb': globals, ...sections } = Object.fromEntries(documented);
  expect(sections).toEqual(Object.fromEntries(verbs));
  expect(globals).toEqual(program.options.filter(isGlobal).map((option) => option.flags));
});

it('docs/errors.md has every code under its exit code, and nothing else', async () => {
  const sections = (await readFile('docs/errors.md', 'utf8')).split(/^## /m).slice(1);
  const documented = sections.flatMap((section) => {
    const exitCode = Number(/exit code (\d)/.exec(section)?.[1]);
    return [...section.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code = '']) => [code, exitCode] as const);
  });
  expect(Object.fromEntries(documented)).toEqual(errorCodes);
  expect(documented).toHaveLength(Object.keys(errorCodes).length);
});

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine, seen } from './command-line.ts';
import { rehearsalProject } from './rehearsal-project.ts';

let line: CommandLine;
beforeEach(async () => {
  line = await CommandLine.create(rehearsalProject(30));
});
afterEach(() => line.remove());

it.each([
  ['while the supervisor starts', /starting the supervisor/],
  ['while services start', /web: replacing/],
  ['under load', /load before the deploy/],
])('Ctrl-C %s: 130, and nothing left behind', async (_when, sign) => {
  const running = line.start('rehearse', '--engine', 'process');
  await seen(running.stderr, sign);
  running.kill('SIGINT');
  const { exitCode, stderr } = await running;
  expect(exitCode, stderr).toBe(130);
  expect(await line.processes()).toEqual([]);
  expect(await readdir(join(line.folder, '.pointsman'))).toEqual([]);
});

it('a second Ctrl-C does not wait for anything to drain', async () => {
  const running = line.start('rehearse', '--engine', 'process');
  await seen(running.stderr, /load before the deploy/);
  running.kill('SIGINT');
  await seen(running.stderr, /tidying up/);
  // What comes within 300 ms is the same Ctrl-C, handed on by a shell.
  await new Promise((resolve) => setTimeout(resolve, 400));
  running.kill('SIGINT');
  const { exitCode, stderr } = await running;
  expect(exitCode, stderr).toBe(130);
  expect(await line.processes()).toEqual([]);
});

it('a rehearsal that was killed is tidied up by the next', async () => {
  const killed = line.start('rehearse', '--engine', 'process');
  await seen(killed.stderr, /load before the deploy/);
  killed.kill('SIGKILL');
  await killed;
  const next = line.start('rehearse', '--engine', 'process');
  await seen(next.stderr, /tidying up first[\s\S]*load before the deploy/);
  next.kill('SIGINT');
  await next;
  expect(await line.processes()).toEqual([]);
});

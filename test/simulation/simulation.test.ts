import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { found } from './found.ts';
import { generate } from './generate.ts';
import { play } from './play.ts';
import type { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import { storyWords } from './words.ts';

const run = promisify(execFile);
const runs = 20_000;

/** The broken rule with the shortest story that breaks it, or nothing. */
const brokenBy = async (scenario: Scenario): Promise<string | undefined> => {
  const { violation } = await play(scenario);
  if (violation === undefined) return undefined;
  const shortest = await shrink(scenario);
  const { told } = await play(shortest, true);
  return `seed ${scenario.seed}: ${violation.rule}: ${violation.words}\n${storyWords(shortest, told)}`;
};

test('the same seed is the same run, to the last word', async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const first = await play(generate(seed), true);
    const second = await play(generate(seed), true);
    expect(second.told).toEqual(first.told);
    expect(second.digest).toBe(first.digest);
    expect((await play(generate(seed))).digest).toBe(first.digest);
  }
});

test(`whatever happens to it, the supervisor keeps every rule (${runs} stories)`, { timeout: 900_000 }, async () => {
  // Processes of their own: two cores, and no transform around the code.
  const options = ['scripts/sim.ts', '--runs', `${runs}`, '--workers', '2'];
  const said = await run(process.execPath, options, { timeout: 850_000 }).catch((error: unknown) => error);
  expect(said).toMatchObject({ stdout: expect.stringContaining(`${runs} runs from seed 1: no rule was broken`) });
});

test.each(Object.entries(found))('%s', async (_words, scenario) => {
  expect(await brokenBy(scenario)).toBeUndefined();
});

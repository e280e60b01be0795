import { expect, test } from 'vitest';
import { found } from './found.ts';
import { generate } from './generate.ts';
import { play } from './play.ts';
import type { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import { storyWords } from './words.ts';

const runs = 2000;

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

test(`whatever happens to it, the supervisor keeps every rule (${runs} stories)`, { timeout: 600_000 }, async () => {
  for (let seed = 1; seed <= runs; seed += 1) expect(await brokenBy(generate(seed))).toBeUndefined();
});

test.each(Object.entries(found))('%s', async (_words, scenario) => {
  expect(await brokenBy(scenario)).toBeUndefined();
});

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { mutants } from './mutants.ts';

const run = promisify(execFile);

test('every mutant of the product is noticed by the rule that is there for it', { timeout: 600_000 }, async () => {
  // A process of its own: Node itself has to load the mutants, not vitest.
  const { stdout } = await run(process.execPath, ['scripts/sim.ts', '--mutants', '--quick'], { timeout: 550_000 });
  expect(stdout.match(/^\|/gm)).toHaveLength(mutants.length + 2);
  expect(stdout).not.toContain('nobody** |');
});

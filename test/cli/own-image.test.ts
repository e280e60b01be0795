import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { smallProcess } from '../../src/cli/supervisor/launch.ts';

it('the supervisor of the own image is as small as one that the command line starts', async () => {
  const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const entry = /^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? '';
  expect(JSON.parse(entry)).toEqual(['node', ...smallProcess.flags, '/pointsman/dist/bin/supervisor.js']);
  for (const [name, value] of Object.entries(smallProcess.variables)) {
    expect(dockerfile).toMatch(new RegExp(`^ENV ${name}=${value}$`, 'm'));
  }
});

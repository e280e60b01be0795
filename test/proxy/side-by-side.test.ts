import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const rig = fileURLToPath(new URL('../../scripts/rig-http.ts', import.meta.url));

const has = async (program: string): Promise<boolean> =>
  await run(program, ['-v']).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );

it.skipIf(!(await has('nginx')) || !(await has('haproxy')))(
  'lets nothing through that nginx or HAProxy refuses, but for what has its reason (left out where one of them is absent)',
  async () => {
    const { stdout } = await run(process.execPath, [rig], { maxBuffer: 10_000_000, timeout: 170_000 });
    expect(stdout).toMatch(/Beside nginx, of \d{3}: /);
    expect(stdout).toMatch(/Beside HAProxy, of \d{3}: /);
    expect(stdout).not.toContain('UNEXPLAINED');
  },
);

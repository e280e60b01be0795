import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { programNamed } from '../program-named.ts';

const run = promisify(execFile);
const rig = fileURLToPath(new URL('../../scripts/rig-http.ts', import.meta.url));

it.skipIf(['nginx', 'haproxy'].some((name) => programNamed(name, '/usr/sbin') === undefined))(
  'lets nothing through that nginx or HAProxy refuses, but for what has its reason (left out where one of them is absent)',
  async () => {
    const { stdout } = await run(process.execPath, [rig], { maxBuffer: 10_000_000, timeout: 170_000 });
    expect(stdout).toMatch(/Beside nginx, of \d{3}: /);
    expect(stdout).toMatch(/Beside HAProxy, of \d{3}: /);
    expect(stdout).not.toContain('UNEXPLAINED');
  },
);

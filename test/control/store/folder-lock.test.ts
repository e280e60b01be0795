import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { lockStateFolder } from '../../../src/control/store/index.ts';

const place = { folder: '' };
beforeEach(() => {
  place.folder = mkdtempSync(join(tmpdir(), 'pointsman-lock-'));
});
afterEach(() => rmSync(place.folder, { recursive: true, force: true }));

test('a second supervisor is refused with the pid of the first, and admitted after its end', () => {
  const lock = lockStateFolder(place.folder);
  expect(() => lockStateFolder(place.folder)).toThrow(new RegExp(`pid ${process.pid}`));
  lock.release();
  lockStateFolder(place.folder).release();
});

test('a holder that was killed with -9 leaves no lock behind, and one that runs keeps it', async () => {
  const door = resolve('src/control/store/index.ts');
  const script = `import { lockStateFolder } from ${JSON.stringify(door)};
    lockStateFolder(${JSON.stringify(place.folder)}); gc(); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    expect(() => lockStateFolder(place.folder)).toThrow(new RegExp(`pid ${holder.pid}`));
  } finally {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  lockStateFolder(place.folder).release();
});

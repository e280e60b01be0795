import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';

import { openStateFile } from '../../../src/control/store/index.ts';
import { stateFileContract } from '../../contract/state-file.ts';

stateFileContract('a SQLite file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'state.db');
  const blockers: DatabaseSync[] = [];
  return {
    open: () => openStateFile(path),
    // Another writer in the way is the failure that can be made anywhere; a full disk is told the same way.
    fill: () => {
      const blocker = new DatabaseSync(path);
      blocker.exec('BEGIN IMMEDIATE');
      blockers.push(blocker);
    },
    free: () => {
      for (const blocker of blockers.splice(0)) {
        blocker.exec('ROLLBACK');
        blocker.close();
      }
    },
  };
});

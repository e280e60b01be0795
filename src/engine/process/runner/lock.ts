import { DatabaseSync } from 'node:sqlite';

/** How long a runner that is just ending may keep its successor waiting. */
const patienceMs = 500;

/**
 * At most one runner per scope: an SQLite write lock is a lock of the kernel's, so it ends with its holder however that
 * dies, which a file holding a pid does not. false: another runner has it.
 */
export const takeLock = (path: string): Disposable | undefined => {
  const database = new DatabaseSync(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${patienceMs}; BEGIN EXCLUSIVE;`);
  } catch (error) {
    database.close();
    if (error instanceof Error && error.message.includes('locked')) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
};

import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../lib/index.ts';
import { PointsmanError } from '../../model/index.ts';
import { SourceChanged } from '../restless-source.ts';

/** What says that a snapshot is whole. */
const markSuffix = '.built';

/**
 * Snapshot folders by name. One is filled where it will stay, for what is installed there may name its own path (a Python
 * environment does); it counts only once its mark stands beside it, and is done away with when filling it fails.
 */
export class SnapshotStore {
  readonly #folder: string;

  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'snapshots');
  }

  async has(name: string): Promise<boolean> {
    return (await exists(this.#mark(name))) && (await exists(join(this.#folder, name)));
  }

  async fill(name: string, fill: (folder: string) => Promise<void>): Promise<void> {
    const folder = join(this.#folder, name);
    try {
      await this.#remove(name);
      await mkdir(folder, { recursive: true });
      await fill(folder);
      await writeFileAtomically(this.#mark(name), '');
    } catch (error) {
      await this.#remove(name);
      throw stateError(folder, error);
    }
  }

  /** The whole ones, with what their files use. */
  async sizes(): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
    const found = await readdir(this.#folder).catch(() => []);
    const names = found
      .filter((entry) => entry.endsWith(markSuffix))
      .map((entry) => entry.slice(0, -markSuffix.length));
    return Promise.all(names.map(async (name) => ({ name, bytes: await sizeBelow(join(this.#folder, name)) })));
  }

  /** Removes all but these, half-filled ones of an earlier life included; returns the names of the whole ones it removed. */
  async collect(keep: ReadonlySet<string>): Promise<readonly string[]> {
    const found = await readdir(this.#folder).catch(() => []);
    const names = new Set(
      found.map((entry) => (entry.endsWith(markSuffix) ? entry.slice(0, -markSuffix.length) : entry)),
    );
    const removed: string[] = [];
    for (const name of names) {
      if (keep.has(name)) continue;
      if (await this.has(name)) removed.push(name);
      await this.#remove(name);
    }
    return removed;
  }

  #mark(name: string): string {
    return join(this.#folder, `${name}${markSuffix}`);
  }

  async #remove(name: string): Promise<void> {
    await rm(this.#mark(name), { force: true });
    await rm(join(this.#folder, name), { recursive: true, force: true });
  }
}

/** A file that goes meanwhile uses nothing. */
const sizeBelow = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const stateError = (folder: string, error: unknown): unknown => {
  if (error instanceof PointsmanError || error instanceof SourceChanged) return error;
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return new PointsmanError('STATE_WRITE_FAILED', {
    message: `the snapshot ${folder} can't be written: ${error.message}`,
    fix: 'make room or rights in the state folder',
    cause: error,
  });
};

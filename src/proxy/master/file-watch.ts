import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Files that belong together are written one after the other. */
const quietMs = 200;
/** What does not fit by then was not on its way to fitting. */
const settledMs = 2_000;

/** Tells when one of some files has changed, also when it was replaced by another. */
export class FileWatch {
  readonly #changed: (isSettled: boolean) => void;
  readonly #trouble: (message: string) => void;
  readonly #folders = new Map<string, FSWatcher>();
  #names: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  constructor(changed: (isSettled: boolean) => void, trouble: (message: string) => void) {
    this.#changed = changed;
    this.#trouble = trouble;
  }

  /** These from now on. Their folders are what is watched: a file that is replaced is another file. */
  watch(files: readonly string[]): void {
    const folders = new Set(files.map((file) => dirname(file)));
    this.#names = new Set(files.map((file) => basename(file)));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of folders) if (!this.#folders.has(folder)) this.#open(folder);
  }

  /** Once more after a while, unless something changes before. */
  lookAgain(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(true), settledMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_kind, name) => this.#heard(name));
      watcher.on('error', (error) => this.#lost(folder, error));
      this.#folders.set(folder, watcher);
    } catch (error) {
      this.#lost(folder, error as Error);
    }
  }

  /** A folder of links that change together, as Kubernetes mounts them, says another name than the file's. */
  #heard(name: string | null): void {
    if (name !== null && !this.#names.has(name) && !name.startsWith('..')) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed(false), quietMs);
  }

  #lost(folder: string, error: Error): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
    this.#trouble(`changes of certificates in ${folder} are not seen: ${error.message}`);
  }
}

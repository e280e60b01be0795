import { basename, relative, sep } from 'node:path';

import type { Cancel, Clock } from '../lib/index.ts';
import type { Files, FileWatch } from './host.ts';
import { isIgnoredName } from './watch-patterns.ts';

/** Editors write, rename and touch; copies come in bursts. What stays quiet for so long is taken for whole. */
const quietMs = 250;
/** A source that never rests is looked at all the same. */
const longestWaitMs = 2000;

export interface WatcherParts {
  readonly clock: Clock;
  readonly files: Files;
  /** Absolute paths that changed since the last call. */
  readonly onQuiet: (changed: ReadonlySet<string>) => void;
  readonly onError: (message: string) => void;
}

/** Says, once it is quiet, which files changed. It reads nothing: whether content differs is for the hashes to say. */
export class Watcher {
  readonly #parts: WatcherParts;
  readonly #watching: FileWatch;
  readonly #paths = new Set<string>();
  readonly #changed = new Set<string>();
  /** Of those, what was not there before. */
  readonly #came = new Set<string>();
  /** Came and went since the last call: what editors write beside the file they save. */
  readonly #passed = new Set<string>();
  #firstAt: number | undefined;
  #cancel: Cancel = () => undefined;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
    this.#watching = parts.files.watch({
      isIgnored: (path) => this.#isIgnored(path),
      onChange: (path, how) => this.#note(path, how),
      onError: parts.onError,
    });
  }

  /** Watches exactly these files and folders from now on. */
  setPaths(paths: readonly string[]): void {
    // Events name real paths, whatever link led there.
    const wanted = new Set(outermost(paths.map((path) => this.#parts.files.realPath(path))));
    const gone = [...this.#paths].filter((path) => !wanted.has(path));
    const added = [...wanted].filter((path) => !this.#paths.has(path));
    for (const path of gone) this.#paths.delete(path);
    for (const path of added) this.#paths.add(path);
    if (gone.length > 0) this.#watching.unwatch(gone);
    if (added.length > 0) this.#watching.add(added);
  }

  async close(): Promise<void> {
    this.#cancel();
    await this.#watching.close();
  }

  /** Only names below what is watched count: the project itself may live in a folder of any name. */
  #isIgnored(path: string): boolean {
    const root = [...this.#paths].find((watched) => path === watched || path.startsWith(watched + sep));
    if (root === undefined || root === path) return false;
    return relative(root, path).split(sep).some(isIgnoredName) || /(\.sw[a-z]|~|\.tmp)$/.test(basename(path));
  }

  #note(path: string, how: 'came' | 'went' | undefined): void {
    const { clock } = this.#parts;
    if (how === 'came' && !this.#changed.has(path)) this.#came.add(path);
    if (how === 'went' && this.#came.has(path)) this.#passed.add(path);
    else this.#passed.delete(path);
    this.#changed.add(path);
    this.#firstAt ??= clock.now();
    const wait = Math.min(quietMs, Math.max(0, this.#firstAt + longestWaitMs - clock.now()));
    this.#cancel();
    this.#cancel = clock.after(wait, () => this.#tell());
  }

  #tell(): void {
    const lasting = [...this.#changed].filter((path) => !this.#passed.has(path));
    const changed = new Set(lasting.length > 0 ? lasting : this.#changed);
    for (const noted of [this.#changed, this.#came, this.#passed]) noted.clear();
    this.#firstAt = undefined;
    this.#parts.onQuiet(changed);
  }
}

/** A folder's watch covers what lies below it. */
const outermost = (paths: readonly string[]): readonly string[] =>
  paths.filter((path) => !paths.some((other) => other !== path && path.startsWith(other + sep)));

import { realpathSync } from 'node:fs';
import { watch } from 'chokidar';

import type { ProbeRunner } from '../health/index.ts';
import type { LoadedProject, ResolveContext, ResolvedServices } from '../manifest/index.ts';
import { loadProject, resolveServices } from '../manifest/index.ts';

/** What control needs of the machine it runs on, the adapters apart. The real one here; simulations bring their own. */
export interface Host {
  readonly files: Files;
  readonly manifests: ManifestSource;
  /** What makes one try of a probe; undefined: real connections. */
  readonly runProbe?: ProbeRunner;
}

export interface Files {
  /** Watches nothing at first. */
  watch(listener: FileListener): FileWatch;
  /** Where links lead. A path that is not there yet is itself. */
  readonly realPath: (path: string) => string;
}

export interface FileListener {
  readonly isIgnored: (path: string) => boolean;
  /** `how`: it was not there before, or is not any more. */
  readonly onChange: (path: string, how?: 'came' | 'went') => void;
  readonly onError: (message: string) => void;
}

export interface FileWatch {
  add(paths: readonly string[]): void;
  unwatch(paths: readonly string[]): void;
  close(): Promise<void>;
}

export interface ManifestSource {
  /** Throws MANIFEST_NOT_FOUND only: bad content becomes problems. */
  load(target: string, signal: AbortSignal): Promise<LoadedProject>;
  resolve(loaded: LoadedProject, context: ResolveContext): ResolvedServices;
}

const hows: Readonly<Record<string, 'came' | 'went'>> = {
  add: 'came',
  addDir: 'came',
  unlink: 'went',
  unlinkDir: 'went',
};

export const thisHost: Host = {
  files: {
    watch: ({ isIgnored, onChange, onError }) => {
      const watching = watch([], { ignoreInitial: true, ignored: isIgnored });
      watching.on('all', (event, path) => onChange(path, hows[event]));
      watching.on('error', (error) => onError(error instanceof Error ? error.message : String(error)));
      return {
        add: (paths) => void watching.add([...paths]),
        unwatch: (paths) => void watching.unwatch([...paths]),
        close: () => watching.close(),
      };
    },
    realPath: (path) => {
      try {
        return realpathSync(path);
      } catch {
        return path;
      }
    },
  },
  manifests: { load: loadProject, resolve: resolveServices },
};

import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

import type { Builder } from '../build/index.ts';
import type { ServiceSpec } from '../model/index.ts';
import { PointsmanError } from '../model/index.ts';
import { isIgnoredName, matchesPatterns } from './watch-patterns.ts';

/**
 * What decides whether a source has changed: with watchPatterns the content of exactly the files they name, else
 * everything that goes into the build.
 */
export const inputHash = async (builder: Builder, spec: ServiceSpec, signal: AbortSignal): Promise<string> => {
  if (spec.image.kind === 'build' && spec.image.watchPatterns.length > 0) {
    return hashWatched(spec.image.watchRoot, spec.image.watchPatterns, signal);
  }
  return builder.inputHash({ source: spec.image, label: `${spec.project}-${spec.name}` }, signal);
};

/** What makes a replica differ from another. Neither replicas nor policy: those change in place. */
export const specHash = (spec: ServiceSpec, input: string): string => {
  const { image, startCommand, preDeployCommand, variables, volumes, hostPorts, limits, port, policy } = spec;
  const source = image.kind === 'build' ? { ...image, watchPatterns: [] } : image;
  const facts = { input, source, startCommand, preDeployCommand, variables, volumes, hostPorts, limits, port };
  return createHash('sha256')
    .update(canonical({ ...facts, form: policy.commandForm }))
    .digest('hex');
};

/** JSON with sorted keys: equal values, equal text. */
export const canonical = (value: unknown): string => JSON.stringify(sorted(value));

/** Whether two values would be written the same: a member that is undefined is none. */
export const isSame = (one: unknown, other: unknown): boolean => {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) {
    return Array.isArray(one) && Array.isArray(other) && areSame(one, other);
  }
  return haveSame(one, other);
};

const areSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, index) => isSame(item, other[index]));

const haveSame = (one: object, other: object): boolean => {
  const [left, right] = [one as Readonly<Record<string, unknown>>, other as Readonly<Record<string, unknown>>];
  return (
    Object.keys(left).every((key) => left[key] === right[key] || isSame(left[key], right[key])) &&
    Object.keys(right).every((key) => right[key] === undefined || Object.hasOwn(left, key))
  );
};

const sorted = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key as keyof typeof value])]));
};

const hashWatched = async (root: string, patterns: readonly string[], signal: AbortSignal): Promise<string> => {
  const matches = matchesPatterns(patterns);
  const hash = createHash('sha256');
  for (const path of (await filesBelow(root)).sort()) {
    if (matches(path)) hash.update(`\0${path}\0`).update(await contentOf(join(root, path), signal));
  }
  return hash.digest('hex');
};

const filesBelow = async (root: string): Promise<string[]> => {
  const paths: string[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await entriesOf(folder)) {
      if (isIgnoredName(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) paths.push(relative(root, path).split(sep).join('/'));
    }
  }
  return paths;
};

const entriesOf = (folder: string): Promise<Dirent[]> =>
  readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new PointsmanError('SOURCE_NOT_FOUND', {
      message: `the source folder ${folder} cannot be read`,
      fix: 'Check `source` and `watchPatterns` of the service.',
      cause: error,
    });
  });

/** A file that went while we looked has no content: the watcher will say so again. */
const contentOf = async (path: string, signal: AbortSignal): Promise<Uint8Array> => {
  try {
    return await readFile(path, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Uint8Array();
    throw error;
  }
};

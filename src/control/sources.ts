import { relative, sep } from 'node:path';

import type { LoadedProject } from '../manifest/index.ts';
import type { ServiceName, ServiceSpec } from '../model/index.ts';
import type { Files } from './host.ts';
import { matchesPatterns } from './watch-patterns.ts';

/** Every file and folder whose change may mean a new deploy. */
export const watchedPaths = (loaded: LoadedProject, specs: readonly ServiceSpec[]): readonly string[] => [
  ...new Set([loaded.root, ...loaded.files, ...specs.flatMap(sourceFolders)]),
];

/** Services whose source holds one of the changed files; with watchPatterns, one that they name. */
export const touchedServices = (
  specs: readonly ServiceSpec[],
  changed: ReadonlySet<string>,
  files: Files,
): ReadonlySet<ServiceName> =>
  new Set(specs.filter((spec) => [...changed].some((path) => touches(spec, path, files))).map((spec) => spec.name));

/** The changed files in words: `mcp_cloud/http_server.py changed`. What an editor leaves beside them is no cause of anything. */
export const changeWords = (
  loaded: LoadedProject | undefined,
  specs: readonly ServiceSpec[],
  changed: ReadonlySet<string>,
  files: Files,
): string => {
  const { root = '/', files: manifests = [] } = loaded ?? {};
  const counting = [...changed].filter(
    (path) =>
      manifests.some((manifest) => files.realPath(manifest) === path) ||
      specs.some((spec) => touches(spec, path, files)),
  );
  const [first, ...more] = (counting.length > 0 ? counting : [...changed]).map((path) =>
    relative(files.realPath(root), path),
  );
  const shown = (first ?? 'something').replace(/^(\.\.\/)+/, '');
  return more.length === 0 ? `${shown} changed` : `${shown} and ${more.length} more changed`;
};

const sourceFolders = ({ image }: ServiceSpec): readonly string[] => {
  if (image.kind !== 'build') return [];
  return [image.context, image.dockerfile, ...(image.watchPatterns.length > 0 ? [image.watchRoot] : [])];
};

const touches = ({ image }: ServiceSpec, path: string, { realPath }: Files): boolean => {
  if (image.kind !== 'build') return false;
  if (image.watchPatterns.length === 0) {
    return isBelow(path, realPath(image.context)) || path === realPath(image.dockerfile);
  }
  const root = realPath(image.watchRoot);
  return isBelow(path, root) && matchesPatterns(image.watchPatterns)(relative(root, path).split(sep).join('/'));
};

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

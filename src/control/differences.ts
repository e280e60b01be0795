import { shownVariable } from '../manifest/index.ts';
import type { Difference, ImageRef, ServiceSpec } from '../model/index.ts';

/** What is compared: a revision, or what a deploy would make one of. */
export interface Compared {
  readonly spec: ServiceSpec;
  readonly image?: ImageRef;
}

/** Value by value, by dotted path; secrets are masked on both sides. */
export const differencesBetween = (
  before: Compared | undefined,
  after: Compared | undefined,
): readonly Difference[] => {
  const old = before === undefined ? {} : factsOf(before);
  const now = after === undefined ? {} : factsOf(after);
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((path) => {
    if (old[path] === now[path]) return [];
    const wasShown = before && shown(before.spec, path, old[path]);
    const isShown = after && shown(after.spec, path, now[path]);
    return [
      {
        path,
        ...(wasShown !== undefined && { before: wasShown }),
        // Two secrets look alike: that they differ is all one may know.
        ...(isShown !== undefined && { after: isShown === wasShown ? `${isShown} (another)` : isShown }),
      },
    ];
  });
};

/** `variables.RELEASE: 1 → 2`. */
export const differenceInWords = ({ path, before, after }: Difference): string => {
  if (before === undefined) return `${path}: ${after} (new)`;
  return after === undefined ? `${path}: ${before} (gone)` : `${path}: ${before} → ${after}`;
};

const factsOf = ({ spec, image }: Compared): Readonly<Record<string, string>> => {
  const { origins: _, project: _project, environment: _environment, name: _name, image: source, ...rest } = spec;
  return flattened({ ...rest, source, ...(image !== undefined && { image }) }, '');
};

const flattened = (value: object, prefix: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]: [string, unknown]): [string, string][] => {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      if (inner === undefined) return [];
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
        return Object.entries(flattened(inner, path));
      }
      return [[path, typeof inner === 'string' ? inner : JSON.stringify(inner)]];
    }),
  );

const shown = (spec: ServiceSpec, path: string, value: string | undefined): string | undefined => {
  if (value === undefined) return undefined;
  if (path.startsWith('source.secrets.')) return shownVariable(spec, path, value);
  const name = /^(?:variables|source\.args)\.(.*)$/.exec(path)?.[1];
  return name === undefined ? value : shownVariable(spec, `variables.${name}`, value);
};

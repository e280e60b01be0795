import type { ServiceSpec, ValueOrigin } from '../model/index.ts';
import { isSecretName } from './secret-name.ts';

/** Each effective value with its source and what it overrode, by dotted path; secrets are masked. */
export const explainService = (spec: ServiceSpec): Readonly<Record<string, ValueOrigin>> =>
  Object.fromEntries(
    Object.entries(spec.origins)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([path, origin]) => [path, isVariable(path) ? shownOrigin(spec, path, origin) : origin]),
  );

const isVariable = (path: string): boolean => /^(variables|build\.args|build\.secrets)\./.test(path);

/** A variable's value as people may see it; `path` as in `origins`. */
export const shownVariable = (spec: ServiceSpec, path: string, value: string): string =>
  masked(value, isSecretAt(spec, path));

const isSecretAt = (spec: ServiceSpec, path: string): boolean =>
  spec.origins[path]?.secret === true || path.includes('.secrets.') || isSecretName(nameIn(path));

const nameIn = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

const shownOrigin = (spec: ServiceSpec, path: string, origin: ValueOrigin): ValueOrigin => {
  const name = nameIn(path);
  const effective = path.startsWith('variables.') ? spec.variables[name] : undefined;
  const isSecret = isSecretAt(spec, path);
  const show = (value: unknown): unknown => (typeof value === 'string' ? masked(value, isSecret) : value);
  return {
    ...origin,
    value: show(effective ?? origin.value),
    overrode: origin.overrode.map(({ value, source }) => ({ value: show(value), source })),
  };
};

const hidden = '••••••';

/** Of a URL only the password is hidden: the rest is what one looks for. */
const masked = (value: string, isSecret: boolean): string => {
  const withoutPasswords = value.replaceAll(/(\w+:\/\/[^\s:@/]*):[^\s@/]+@/g, `$1:${hidden}@`);
  return isSecret && value !== '' && withoutPasswords === value ? hidden : withoutPasswords;
};

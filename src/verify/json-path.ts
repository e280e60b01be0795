import type { JsonScalar } from '../model/index.ts';

/** How a JSON text differs from what is wanted of it, in words; undefined when it doesn't. */
export const differenceFrom = (wanted: Readonly<Record<string, JsonScalar>>, text: string): string | undefined => {
  const entries = Object.entries(wanted);
  if (entries.length === 0) return undefined;
  const parsed = parse(text);
  if (parsed === undefined) return 'the answer is not JSON';
  for (const [path, value] of entries) {
    const found = at(parsed.value, path);
    if (found !== value) return `${path} is ${shown(found)}, wanted ${shown(value)}`;
  }
  return undefined;
};

const parse = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

/** `tools.0.name`: keys and, in lists, positions from 0; `length` is a list's. */
const at = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (current, key) =>
        typeof current === 'object' && current !== null && Object.hasOwn(current, key)
          ? Reflect.get(current, key)
          : undefined,
      value,
    );

const shown = (value: unknown): string =>
  value === undefined ? 'missing' : (JSON.stringify(value) ?? '').slice(0, 120);

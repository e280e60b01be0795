import { PointsmanError } from '../model/index.ts';

/** Collects what a repeatable option is given. */
export const collect = (given: string, previous: readonly string[] | undefined): readonly string[] => [
  ...(previous ?? []),
  given,
];

/** The same for `KEY=VALUE`. */
export const keyValue = (given: string, previous: readonly string[] | undefined): readonly string[] => {
  if (!/^[^=]+=/.test(given)) {
    throw new PointsmanError('USAGE', { message: `"${given}": expected KEY=VALUE.` });
  }
  return collect(given, previous);
};

export const keyValues = (given: readonly string[] | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (given ?? []).map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  );

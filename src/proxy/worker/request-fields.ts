import { withoutWhiteSpace } from '../codec/fields.ts';

/**
 * Fields of a request by name, read from the lines that go on to the upstream. For the few pools that look at them;
 * all others never search.
 */
export class FieldReader {
  readonly #pattern: RegExp;

  constructor(name: string) {
    const literal = name.replaceAll(/[$*+.^|]/g, String.raw`\$&`);
    this.#pattern = new RegExp(String.raw`^${literal}:(.*)\r$`, 'gim');
  }

  /** One per line of that name. */
  values(fields: string): readonly string[] {
    return Array.from(fields.matchAll(this.#pattern), ([, value = '']) => withoutWhiteSpace(value));
  }
}

const cookieField = new FieldReader('cookie');

/** Values of all cookies of this name, the one with the most specific path first, as clients send them. */
export const cookieValues = (fields: string, name: string): readonly string[] =>
  cookieField.values(fields).flatMap((line) =>
    line.split(';').flatMap((pair) => {
      const text = withoutWhiteSpace(pair);
      return text.startsWith(`${name}=`) ? [text.slice(name.length + 1)] : [];
    }),
  );

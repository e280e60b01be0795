import { parse as parseToml, TomlError } from 'smol-toml';
import { PointsmanError } from '../../../model/index.ts';
import type { SourceLocation } from '../../../model/index.ts';
import { parseManifestText } from '../../document.ts';
import type { Path } from '../../document.ts';
import { positionKey, tomlPositions } from './toml-positions.ts';

export interface ParsedConfig {
  readonly value: Readonly<Record<string, unknown>>;
  readonly locate: (path: Path) => SourceLocation;
  readonly locateKey: (path: Path) => SourceLocation;
  readonly notes: readonly string[];
}

/** Throws CONFIG_INVALID where the syntax is broken. */
export const parseConfig = (file: string, content: string): ParsedConfig =>
  file.endsWith('.toml') ? parseTomlConfig(file, content) : parseJsonConfig(file, content);

const parseTomlConfig = (file: string, content: string): ParsedConfig => {
  const text = content.replaceAll('\r\n', '\n');
  const positions = tomlPositions(text);
  const at = (path: Path, column: 'keyColumn' | 'valueColumn'): SourceLocation => {
    for (let length = path.length; length > 0; length -= 1) {
      const found = positions.get(positionKey(path.slice(0, length)));
      if (found !== undefined) return { file, line: found.line, column: found[column] };
    }
    return { file, line: 1, column: 1 };
  };
  return {
    value: tomlValue(file, text),
    locate: (path) => at(path, 'valueColumn'),
    locateKey: (path) => at(path, 'keyColumn'),
    notes: [],
  };
};

const tomlValue = (file: string, text: string): Readonly<Record<string, unknown>> => {
  try {
    return parseToml(text);
  } catch (error) {
    const where = error instanceof TomlError ? { line: error.line, column: error.column } : { line: 1, column: 1 };
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    throw new PointsmanError('CONFIG_INVALID', {
      message: `This is not valid TOML: ${reason.replace(/^Invalid TOML document: /, '')}.`,
      fix: /^\s*\{/.test(text)
        ? 'This looks like JSON: name the file railway.json.'
        : 'Correct the syntax at this place.',
      where: { file, ...where },
      cause: error,
    });
  }
};

const parseJsonConfig = (file: string, content: string): ParsedConfig => {
  const text = withoutComments(content);
  const value = jsonValue(file, text);
  const [positions] = parseManifestText(file, text).documents;
  const start = { file, line: 1, column: 1 };
  return {
    value,
    locate: (path) => positions?.locate(path) ?? start,
    locateKey: (path) => positions?.locateKey(path) ?? start,
    notes:
      text === content
        ? []
        : ['The file has comments or trailing commas, which JSON does not allow: Railway refuses it.'],
  };
};

const jsonValue = (file: string, text: string): Readonly<Record<string, unknown>> => {
  const failure = (message: string, where: { line: number; column: number }, cause?: unknown): PointsmanError =>
    new PointsmanError('CONFIG_INVALID', {
      message,
      fix: 'Correct it at this place.',
      where: { file, ...where },
      cause,
    });
  try {
    const value: unknown = JSON.parse(text);
    if (isTable(value)) return value;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const where = lineOf(text, syntaxOffset(text, reason));
    throw failure(
      `This is not valid JSON: ${reason.replace(/(, (?:\.\.\.)?"[\s\S]*| (in JSON )?at position.*)/, '')}.`,
      where,
      error,
    );
  }
  throw failure('The file must hold one JSON object.', { line: 1, column: 1 });
};

export const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Not every message says where: then it is the end of the shortest text that is wrong whatever might follow. */
const syntaxOffset = (text: string, reason: string): number => {
  const said = /at position (\d+)/.exec(reason);
  if (said !== null) return Number(said[1]);
  const range = { good: 0, bad: text.trimEnd().length + 1 };
  while (range.bad - range.good > 1) {
    const middle = Math.floor((range.good + range.bad) / 2);
    if (mayContinue(text.slice(0, middle))) range.good = middle;
    else range.bad = middle;
  }
  return range.good;
};

const mayContinue = (start: string): boolean => {
  try {
    JSON.parse(start);
    return true;
  } catch (error) {
    const reason = String(error);
    return reason.includes('end of JSON') || reason.includes(`at position ${start.length} `);
  }
};

const lineOf = (text: string, offset: number): { line: number; column: number } => {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
};

/** Comments and trailing commas become spaces, so that every position stays what it was. */
const withoutComments = (content: string): string =>
  content
    .replaceAll(/"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (token) =>
      token.startsWith('"') ? token : token.replaceAll(/[^\n]/g, ' '),
    )
    .replaceAll(/"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])/g, (token) => (token.startsWith('"') ? token : ' '));

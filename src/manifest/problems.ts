import { z } from 'zod';
import { nameHint, nearestName } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { ErrorCode, SourceLocation } from '../model/index.ts';
import type { Path } from './document.ts';

/** Something that was written, checked against a schema. */
export interface Checked {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly code: ErrorCode;
  readonly locate: (path: Path) => SourceLocation;
  readonly locateKey: (path: Path) => SourceLocation;
}

/** Every issue as a coded error: what was written where, what was expected, what was probably meant. */
export const problemsOf = (checked: Checked, issues: readonly z.core.$ZodIssue[]): PointsmanError[] =>
  issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => unknownKey(checked, path, key));
      case 'invalid_key':
        return [invalidKey(checked, path, issue.issues[0]?.message ?? 'another name')];
      case 'custom':
        return [problem(checked, checked.locateKey(path), `${pathText(path)} ${issue.message}.`)];
      default:
        return [invalidValue(checked, path, issue)];
    }
  });

/** The order a person works through them. */
export const byPlace = (a: PointsmanError, b: PointsmanError): number =>
  (a.where?.file ?? '').localeCompare(b.where?.file ?? '') ||
  (a.where?.line ?? 0) - (b.where?.line ?? 0) ||
  (a.where?.column ?? 0) - (b.where?.column ?? 0);

const pathText = (path: Path): string =>
  path.length === 0
    ? 'The document'
    : path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`)).join('');

const unknownKey = (checked: Checked, path: Path, key: string): PointsmanError => {
  const known = keysAt(checked.schema, path);
  const message = `${pathText([...path, key])} is not a known field.`;
  return problem(checked, checked.locateKey([...path, key]), message, nameHint(key, known));
};

const invalidKey = (checked: Checked, path: Path, expected: string): PointsmanError =>
  problem(checked, checked.locateKey(path), `${pathText(path)}: "${String(path.at(-1))}" must be ${expected}.`);

const invalidValue = (checked: Checked, path: Path, issue: z.core.$ZodIssue): PointsmanError => {
  const written = valueAt(checked.value, path);
  const expected = expectation(issue);
  if (written === undefined) {
    return problem(checked, checked.locate(path), `${pathText(path)} is missing: it must be ${expected}.`);
  }
  const message = `${pathText(path)} must be ${expected}, but is ${shown(written)}.`;
  return problem(checked, checked.locate(path), message, valueHint(issue, written));
};

/** Our schemas say what they expect; zod's own words remain only for plain shapes. */
const expectation = (issue: z.core.$ZodIssue): string => {
  if (!issue.message.startsWith('Invalid')) return issue.message;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (issue.code !== 'invalid_type') return 'something else';
  return (
    { string: 'text', object: 'a map', array: 'a list', record: 'a map' }[issue.expected as string] ?? issue.expected
  );
};

const valueHint = (issue: z.core.$ZodIssue, written: unknown): string | undefined => {
  if (typeof written !== 'string') return undefined;
  if (issue.code === 'invalid_value') {
    const nearest = nearestName(written, issue.values.map(String));
    return nearest === undefined ? undefined : `Did you mean ${nearest}?`;
  }
  if (issue.code !== 'invalid_type' || written.trim() === '' || Number.isNaN(Number(written))) return undefined;
  return `Write ${written.trim()} without quotes.`;
};

const problem = (checked: Checked, where: SourceLocation, message: string, fix?: string): PointsmanError =>
  new PointsmanError(checked.code, { message, where, ...(fix !== undefined && { fix }) });

const shown = (value: unknown): string => {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 60) : value);
};

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (current, step) => (typeof current === 'object' && current !== null ? Reflect.get(current, step) : undefined),
    value,
  );

/** The fields a schema knows at a path, for hints. */
const keysAt = (schema: z.ZodType, path: Path): string[] => {
  const end = path.reduce<unknown>((current, step) => {
    const inner = unwrapped(current);
    if (inner instanceof z.ZodObject) return inner.shape[step];
    if (inner instanceof z.ZodRecord) return inner.valueType;
    return inner instanceof z.ZodArray ? inner.element : undefined;
  }, schema);
  const inner = unwrapped(end);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
};

const unwrapped = (schema: unknown): unknown =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrapped(schema.unwrap()) : schema;

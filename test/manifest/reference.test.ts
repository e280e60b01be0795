import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withTables } from '../../scripts/reference-tables.ts';
import { manifestJsonSchema } from '../../src/manifest/index.ts';
import { platformNames, profileOf } from '../../src/platform/index.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('what is made from the schema is up to date (else: npm run schema)', () => {
  it('the JSON Schema that editors use', () => {
    expect(JSON.parse(read('schema/pointsman.schema.json'))).toEqual(JSON.parse(JSON.stringify(manifestJsonSchema())));
  });

  it.each(['docs/manifest.md', 'docs/platforms.md'])('the tables of %s', (path) => {
    expect(read(path)).toBe(withTables(read(path)));
  });
});

it('every field of every kind is in docs/manifest.md', () => {
  const documented = read('docs/manifest.md');
  const missing = fieldNames(manifestJsonSchema()).filter((name) => !new RegExp(`[\`.]${name}\``).test(documented));
  expect(missing.filter((name) => !['apiVersion', 'kind'].includes(name))).toEqual([]);
});

it('every rule of every platform is in docs/platforms.md', () => {
  const documented = read('docs/platforms.md');
  for (const platform of platformNames) {
    for (const rule of Object.keys(profileOf(platform).rules))
      expect(documented).toContain(`| \`${rule}\` | ${platform} |`);
  }
});

const fieldNames = (schema: unknown): string[] => {
  if (Array.isArray(schema)) return schema.flatMap(fieldNames);
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) =>
    key === 'properties' && typeof value === 'object' && value !== null
      ? [
          ...Object.keys(value).filter((name) => !['spec', 'metadata'].includes(name)),
          ...Object.values(value).flatMap(fieldNames),
        ]
      : fieldNames(value),
  );
};

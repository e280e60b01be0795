import { z } from 'zod';
import { PointsmanError } from '../../../model/index.ts';
import { sharedBuildFields } from '../../build-schema.ts';
import type { ConfigFile } from '../../config-file.ts';
import { sharedDeployFields } from '../../deploy-schema.ts';
import { problemsOf } from '../../problems.ts';
import { normalized } from './normalize.ts';
import { isTable, parseConfig } from './parse.ts';
import type { ParsedConfig } from './parse.ts';
import { unknownKeyNote } from './unknown-keys.ts';

const sections = {
  build: z.looseObject(sharedBuildFields, { error: 'a table' }).nullish(),
  deploy: z.looseObject(sharedDeployFields, { error: 'a table' }).nullish(),
};
const configSchema = z.looseObject({
  ...sections,
  environments: z
    .record(z.string(), z.looseObject(sections, { error: 'a table' }).nullish(), { error: 'a table' })
    .nullish(),
});

/** A railway.toml or railway.json as layers of values: what Railway reads, notes about what it doesn't, problems it would refuse. */
export const readRailwayConfig = (file: string, content: string): ConfigFile => {
  try {
    return checkedConfig(file, parseConfig(file, content));
  } catch (error) {
    if (!(error instanceof PointsmanError)) throw error;
    return {
      file,
      base: {},
      environments: {},
      environmentNames: () => [],
      locate: () => ({ file, line: 1, column: 1 }),
      notes: [],
      general: [],
      problems: [error],
    };
  }
};

const checkedConfig = (file: string, parsed: ParsedConfig): ConfigFile => {
  const { value, notes } = normalized(parsed.value);
  const result = configSchema.safeParse(value);
  const checked = { ...parsed, schema: configSchema, value, code: 'CONFIG_INVALID' } as const;
  const environments = isTable(value['environments']) ? value['environments'] : {};
  return {
    file,
    base: layerOf(value),
    environments: Object.fromEntries(
      Object.entries(environments).map(([name, section]) => [name, isTable(section) ? layerOf(section) : {}]),
    ),
    environmentNames: (chain) => chain.flatMap((name) => (name.startsWith('pr-') ? [name, 'pr'] : [name])),
    locate: parsed.locate,
    notes: [...parsed.notes, ...notes, ...unknownKeys(value, parsed)],
    general: [
      'Railway stops reading railway.toml and railway.json on 2026-12-01 (its documentation: config-as-code); here they go on working.',
    ],
    problems: result.success ? [] : problemsOf(checked, result.error.issues),
  };
};

/** Only what Railway reads. */
const layerOf = (section: Readonly<Record<string, unknown>>): ConfigFile['base'] => ({
  build: known(section['build'], sharedBuildFields),
  deploy: known(section['deploy'], sharedDeployFields),
});

const known = (section: unknown, fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  isTable(section) ? Object.fromEntries(Object.entries(section).filter(([key]) => Object.hasOwn(fields, key))) : {};

const unknownKeys = (value: Readonly<Record<string, unknown>>, parsed: ParsedConfig): string[] => {
  const note = (path: readonly string[], names: readonly string[]): string => {
    const { line } = parsed.locateKey(path);
    return `line ${line}: ${unknownKeyNote(path, names)}`;
  };
  const inSection = (at: readonly string[], section: unknown, fields: object): string[] =>
    keysOf(section)
      .filter((key) => !Object.hasOwn(fields, key))
      .map((key) => note([...at, key], Object.keys(fields)));
  const inBoth = (at: readonly string[], table: unknown): string[] => [
    ...inSection([...at, 'build'], isTable(table) ? table['build'] : undefined, sharedBuildFields),
    ...inSection([...at, 'deploy'], isTable(table) ? table['deploy'] : undefined, sharedDeployFields),
  ];
  const environments = value['environments'];
  return [
    ...inSection([], value, { ...configSchema.shape, $schema: true }),
    ...inBoth([], value),
    ...keysOf(environments).flatMap((name) => {
      const table = isTable(environments) ? environments[name] : undefined;
      return [...inSection(['environments', name], table, sections), ...inBoth(['environments', name], table)];
    }),
  ];
};

/** A key such as `// why` is how people write comments into JSON. */
const keysOf = (table: unknown): string[] =>
  isTable(table) ? Object.keys(table).filter((key) => !key.startsWith('//') && key !== '_comment') : [];

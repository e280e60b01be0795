import { manifestJsonSchema } from '../src/manifest/index.ts';
import { platformNames, profileOf } from '../src/platform/index.ts';
import type { Known, RuleName } from '../src/platform/index.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
}

/** A document with every table between `<!-- table: NAME -->` and `<!-- end -->` made anew. */
export const withTables = (document: string): string =>
  document.replaceAll(
    /(<!-- table: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, name: string, end: string) => `${start}${tables()[name] ?? ''}${end}`,
  );

const tables = (): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(kinds().map((schema) => [schema.properties?.['kind']?.const, fieldTable(schema)])),
  platforms: platformTable(),
  sources: sourceTable(),
});

const kinds = (): readonly JsonSchema[] => (manifestJsonSchema() as { readonly oneOf: readonly JsonSchema[] }).oneOf;

const fieldTable = (schema: JsonSchema): string =>
  `| field | type | meaning |\n|---|---|---|\n${fieldsOf(schema, '')
    .filter(({ path }) => !/^(apiVersion|kind|metadata|spec)$/.test(path))
    .map(({ path, type, meaning }) => `| \`${path}\` | ${type} | ${meaning} |\n`)
    .join('')}`;

interface Field {
  readonly path: string;
  readonly type: string;
  readonly meaning: string;
}

/** The same fields as under `spec.verify.after`. */
const toldElsewhere = new Set(['spec.verify.before', 'spec.verify.during']);

/** What environments may override is told once, under spec itself. */
const fieldsOf = (schema: JsonSchema, prefix: string): readonly Field[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const inner = main(property);
    const description = (property.description ?? inner.description ?? '').replaceAll('|', '\\|');
    const meaning = (schema.required ?? []).includes(name) ? `Required. ${description}` : description;
    const rows = [{ path, type: typeOf(inner), meaning: meaning.trim() }];
    if (path === 'spec.environments' && inner.additionalProperties !== undefined && isService(schema)) return rows;
    if (toldElsewhere.has(path)) return rows;
    return [...rows, ...innerFields(inner, path)];
  });

const isService = (spec: JsonSchema): boolean => spec.properties?.['source'] !== undefined;

const innerFields = (inner: JsonSchema, path: string): readonly Field[] => {
  if (inner.properties !== undefined) return fieldsOf(inner, path);
  if (inner.items !== undefined) return fieldsOf(main(inner.items), `${path}[]`);
  const values = inner.additionalProperties;
  return typeof values === 'object' ? fieldsOf(main(values), `${path}.NAME`) : [];
};

/** A value that may be null is described by what it is otherwise. */
const main = (schema: JsonSchema): JsonSchema =>
  schema.anyOf?.length === 2 && schema.anyOf[1]?.type === 'null'
    ? main({ ...schema.anyOf[0], ...(schema.description !== undefined && { description: schema.description }) })
    : schema;

const typeOf = (schema: JsonSchema): string => {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(' ');
  if (schema.anyOf !== undefined) return schema.anyOf.map((option) => typeOf(option)).join(' or ');
  if (schema.type === 'array') return schema.items?.type === 'object' ? 'list of maps' : 'list';
  const names: Readonly<Record<string, string>> = { string: 'text', object: 'map', boolean: 'true or false' };
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return types
    .filter((type) => type !== 'null')
    .map((type) => names[type] ?? type)
    .join(' or ');
};

const ruleNames = (): readonly RuleName[] => Object.keys(profileOf(platformNames.at(-1) ?? '').rules) as RuleName[];

const ruleOf = (platform: string, rule: RuleName): Known<unknown> | 'unknown' => profileOf(platform).rules[rule];

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

const cell = (platform: string, rule: RuleName): string => {
  const said = ruleOf(platform, rule);
  return said === 'unknown' ? 'unknown' : shown(said.value);
};

const platformTable = (): string =>
  [
    row(['rule', ...platformNames]),
    row(['---', ...platformNames.map(() => '---')]),
    ...ruleNames().map((rule) => row([`\`${rule}\``, ...platformNames.map((platform) => cell(platform, rule))])),
  ].join('');

const sourceTable = (): string =>
  `| rule | platform | how we know |\n|---|---|---|\n${ruleNames()
    .flatMap((rule) =>
      platformNames.map((platform) => {
        const said = ruleOf(platform, rule);
        return `| \`${rule}\` | ${platform} | ${said === 'unknown' ? 'nobody could source it: our own value stands in' : said.source} |\n`;
      }),
    )
    .join('')}`;

const shown = (value: unknown): string => {
  if (Array.isArray(value) && value.length > 8) return runs(value as readonly number[]);
  if (Array.isArray(value)) return value.join(', ');
  if (value === null) return 'own domain';
  if (typeof value !== 'object') return `${value as string | number}`;
  if ('status' in value) return `${String(value.status)} JSON`;
  return Object.entries(value)
    .map(([name, item]) => `${name} ${String(item)}`)
    .join(', ');
};

/** `0.1 × 30, 0.2 × 20, 1`. */
const runs = (values: readonly number[]): string =>
  [...new Set(values)]
    .map((value) => ({ value, times: values.filter((other) => other === value).length }))
    .map(({ value, times }) => (times === 1 ? String(value) : `${value} × ${times}`))
    .join(', ');

import type { z } from 'zod';
import { nameHint } from '../lib/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { ManifestDocument, Path } from './document.ts';
import { problemsOf } from './problems.ts';
import { projectSchema } from './project-schema.ts';
import type { ProjectManifest } from './project-schema.ts';
import { rehearsalSchema } from './rehearsal-schema.ts';
import type { RehearsalManifest } from './rehearsal-schema.ts';
import { serviceSchema } from './service-schema.ts';
import type { ServiceManifest } from './service-schema.ts';

/** One document, checked. `invalid` still knows its kind and name, so that references to it are not errors too. */
export type ReadDocument = { readonly document: ManifestDocument; readonly problems: readonly PointsmanError[] } & (
  | { readonly kind: 'Project'; readonly manifest: ProjectManifest }
  | { readonly kind: 'Service'; readonly manifest: ServiceManifest }
  | { readonly kind: 'Rehearsal'; readonly manifest: RehearsalManifest }
  | { readonly kind: 'invalid'; readonly ofKind: string | undefined; readonly name: string | undefined }
);

export const manifestSchemas = { Project: projectSchema, Service: serviceSchema, Rehearsal: rehearsalSchema } as const;

export const readDocument = (document: ManifestDocument): ReadDocument => {
  const kind = property(document.value, 'kind');
  const name = property(property(document.value, 'metadata'), 'name');
  const invalid = (problems: readonly PointsmanError[]): ReadDocument => ({
    kind: 'invalid',
    ofKind: typeof kind === 'string' ? kind : undefined,
    name: typeof name === 'string' ? name : undefined,
    document,
    problems,
  });
  const check = <Manifest>(schema: z.ZodType<Manifest>): Manifest | readonly PointsmanError[] => {
    const result = schema.safeParse(document.value);
    if (result.success) return withSourceTexts(result.data, document);
    return problemsOf({ ...document, schema, code: 'MANIFEST_INVALID' }, result.error.issues);
  };
  switch (kind) {
    case 'Project':
      return outcome(check(projectSchema), (manifest) => ({ kind, manifest, document, problems: [] }), invalid);
    case 'Service':
      return outcome(check(serviceSchema), (manifest) => ({ kind, manifest, document, problems: [] }), invalid);
    case 'Rehearsal':
      return outcome(check(rehearsalSchema), (manifest) => ({ kind, manifest, document, problems: [] }), invalid);
    default:
      return invalid([unknownKind(kind, document)]);
  }
};

const outcome = <Manifest extends object>(
  checked: Manifest | readonly PointsmanError[],
  valid: (manifest: Manifest) => ReadDocument,
  invalid: (problems: readonly PointsmanError[]) => ReadDocument,
): ReadDocument => (Array.isArray(checked) ? invalid(checked) : valid(checked as Manifest));

const unknownKind = (kind: unknown, document: ManifestDocument): PointsmanError => {
  const kinds = Object.keys(manifestSchemas);
  const written = typeof kind === 'string' ? kind : undefined;
  return new PointsmanError('MANIFEST_INVALID', {
    message: written === undefined ? 'kind is missing or is not text.' : `There is no kind "${written}".`,
    fix: written === undefined ? `Write kind: ${kinds.join(', ')} or what it is.` : nameHint(written, kinds),
    where: document.locate(['kind']),
  });
};

export const property = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

/** In a map of variables a number is text: `1.10` stays `1.10`. */
const withSourceTexts = <Value>(value: Value, document: ManifestDocument, path: Path = []): Value => {
  if (Array.isArray(value))
    return value.map((item, index) => withSourceTexts(item, document, [...path, index])) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const key = String(path.at(-1));
  const isVariables = ['variables', 'args', 'secrets', 'buildArgs'].includes(key);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]: [string, unknown]) => [
      name,
      isVariables && (typeof item === 'number' || typeof item === 'boolean')
        ? (document.sourceText([...path, name]) ?? String(item))
        : withSourceTexts(item, document, [...path, name]),
    ]),
  ) as Value;
};

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { manifestJsonSchema } from '../src/manifest/index.ts';
import { withTables } from './reference-tables.ts';

/** Writes what is made from the manifest schema and the platform profiles: the JSON Schema and the tables in docs. */
const at = (path: string): URL => new URL(`../${path}`, import.meta.url);

mkdirSync(at('schema/'), { recursive: true });
writeFileSync(at('schema/pointsman.schema.json'), `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`);
for (const document of ['docs/manifest.md', 'docs/platforms.md']) {
  writeFileSync(at(document), withTables(readFileSync(at(document), 'utf8')));
}

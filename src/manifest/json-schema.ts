import { z } from 'zod';
import { manifestSchemas } from './read-document.ts';

/** For editors: completes and checks every kind of document. */
export const manifestJsonSchema = (): object => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Pointsman manifest',
  oneOf: Object.values(manifestSchemas).map((schema) => ({
    ...z.toJSONSchema(schema, { io: 'input' }),
    $schema: undefined,
  })),
});

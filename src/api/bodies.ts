import { z } from 'zod';
import { PointsmanError } from '../model/index.ts';

const service = z.string().min(1);
/** Who asks; for people to read. */
const by = z.string().min(1).max(100).exactOptional();
const texts = z.record(z.string(), z.string());

/** What each endpoint takes. Strict: a misspelt key is refused, never ignored. */
export const bodies = {
  apply: z.strictObject({ buildArgs: texts.exactOptional(), by }),
  deploy: z.strictObject({
    services: z.array(service).default([]),
    variables: texts.default({}),
    platform: z.string().min(1).exactOptional(),
    cause: z.string().min(1).exactOptional(),
    by,
  }),
  rollback: z
    .strictObject({
      service: service.exactOptional(),
      revision: z.int().min(1).exactOptional(),
      release: z.int().min(1).exactOptional(),
      by,
    })
    .refine(({ service: named, release }) => (named === undefined) !== (release === undefined), {
      error: 'names either a service or a release',
    }),
  service: z.strictObject({ service, by }),
  promote: z.strictObject({ service, full: z.boolean().exactOptional(), by }),
  environment: z.strictObject({ name: z.string().min(1) }),
  swap: z.strictObject({ between: z.tuple([z.string().min(1), z.string().min(1)]), by }),
  gc: z.strictObject({ dryRun: z.boolean().exactOptional() }),
  scale: z.strictObject({ service, replicas: z.int().min(0).max(1000), by }),
  exec: z.strictObject({
    service,
    replica: z.string().min(1).exactOptional(),
    command: z.array(z.string()).min(1),
  }),
  down: z.strictObject({
    volumes: z.boolean().default(false),
    images: z.boolean().exactOptional(),
    now: z.boolean().exactOptional(),
  }),
  nothing: z.strictObject({}),
} as const;

const flag = z.stringbool({ truthy: ['true', '1', ''], falsy: ['false', '0'] }).default(false);
const count = z.coerce.number().int().min(0);

export const queries = {
  events: z.strictObject({
    service: service.exactOptional(),
    after: count.exactOptional(),
    tail: count.exactOptional(),
    follow: flag,
  }),
  logs: z.strictObject({
    service: service.exactOptional(),
    tail: count.exactOptional(),
    since: count.exactOptional(),
    follow: flag,
  }),
  revisions: z.strictObject({ service: service.exactOptional() }),
  diff: z.strictObject({ service: service.exactOptional(), from: count.exactOptional(), to: count.exactOptional() }),
  explain: z.strictObject({ service }),
} as const;

/** Throws USAGE with every problem at once. */
export const check = <Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> => {
  const result = schema.safeParse(given ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => usage(`${issue.path.join('.') || 'body'}: ${issue.message}`));
  const [only] = problems;
  if (only !== undefined && problems.length === 1) throw only;
  throw new PointsmanError('USAGE', { message: 'The request has several problems.' }, problems);
};

const usage = (message: string): PointsmanError => new PointsmanError('USAGE', { message });

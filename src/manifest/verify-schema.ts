import { z } from 'zod';
import { absolutePath, duration, hostName, list, name, oneOf, portNumber, text, whole } from './scalar-schema.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'text, a number, true, false or null',
});
const host = () => hostName().optional().describe("What stands in Host; default: the service's first domain.");

const httpQuestion = z.strictObject({
  path: absolutePath().describe('Path and query.'),
  method: text().optional().describe('Default GET.'),
  host: host(),
  headers: z.record(z.string(), z.string()).optional().describe('Request headers.'),
  body: z.string().optional().describe('Request body.'),
  status: whole(100, 599).optional().describe('The status it must answer with; default 200.'),
  contains: text().optional().describe('Text the body must contain.'),
  json: z
    .record(z.string(), scalar, { error: 'a map of paths to values' })
    .optional()
    .describe('Dotted path in the JSON answer (tools.0.name, plans.length) and the value it must have.'),
});
const sseQuestion = z.strictObject({
  path: absolutePath().describe('Path and query.'),
  host: host(),
  event: text().optional().describe('The type of the event that must come; default: any event, or a heartbeat.'),
  contains: text().optional().describe('Text its data must contain.'),
});
const tcpQuestion = z.strictObject({ port: portNumber().optional().describe("Default: the service's port.") });
const execQuestion = z.strictObject({
  command: list(text(), 'a list of words, such as [pg_isready]')
    .min(1, 'a list of words, such as [pg_isready]')
    .describe('Must exit with 0.'),
  contains: text().optional().describe('Text it must print.'),
});
const logQuestion = z.strictObject({ contains: text().describe('Text a line must contain.') });

export const questionKinds = ['http', 'sse', 'tcp', 'exec', 'log'] as const;

const checkSchema = z
  .strictObject({
    name: text().optional().describe('How events call it; default: what it asks.'),
    service: name().optional().describe('Ask another service of the project.'),
    through: oneOf(['proxy', 'replicas'])
      .optional()
      .describe(
        'proxy: as users come, by a domain; replicas: each one that serves. Default: proxy where http or sse can.',
      ),
    within: duration().optional().describe('It must succeed within so long, tried again every second; default 10s.'),
    every: duration().optional().describe('during only: between two rounds; default 5s.'),
    http: httpQuestion.optional().describe('A request whose answer is looked at.'),
    sse: sseQuestion.optional().describe('A stream that must send something.'),
    tcp: tcpQuestion.optional().describe('A port that must accept connections.'),
    exec: execQuestion.optional().describe('A command, run in the replica.'),
    log: logQuestion.optional().describe('after only: a line the new replica must write.'),
  })
  .refine((check) => questionKinds.filter((kind) => check[kind] !== undefined).length === 1, {
    error: `needs exactly one of ${questionKinds.join(', ')}`,
  })
  .refine((check) => check.through !== 'proxy' || check.http !== undefined || check.sse !== undefined, {
    error: 'asks what only a replica can be asked: leave out through',
  });

/** What can be asked of a replica that users don't meet yet. */
export const smokeSchema = z
  .strictObject({
    name: text().optional().describe('How events call it; default: what it asks.'),
    within: duration().optional().describe('It must succeed within so long, tried again every second; default 10s.'),
    http: httpQuestion.optional().describe('A request whose answer is looked at, as in verify.'),
    sse: sseQuestion.optional().describe('A stream that must send something, as in verify.'),
    exec: execQuestion.optional().describe('A command, run in the replica, as in verify.'),
    log: logQuestion.optional().describe('A line the replica must write, as in verify.'),
  })
  .refine(({ http, sse, exec, log }) => [http, sse, exec, log].filter((each) => each !== undefined).length === 1, {
    error: 'needs exactly one of http, sse, exec, log',
  });

export const verifySchema = z.strictObject(
  {
    before: list(checkSchema, 'a list of checks')
      .optional()
      .describe('Asked before anything changes, while the version before serves; a failure blocks the deploy.'),
    during: list(checkSchema, 'a list of checks')
      .optional()
      .describe(
        'Asked again and again while replicas are replaced; a failure ends the deploy, the version before serves on.',
      ),
    after: list(checkSchema, 'a list of checks')
      .optional()
      .describe(
        'Asked once the new version serves, the old one standing by; a failure brings the old one back. before and during take the same fields.',
      ),
  },
  { error: 'a map of before, during and after' },
);

export type VerifyManifest = z.infer<typeof verifySchema>;
export type SmokeManifest = z.infer<typeof smokeSchema>;
export type CheckManifest = z.infer<typeof checkSchema>;

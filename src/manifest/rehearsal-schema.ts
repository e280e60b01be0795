import { z } from 'zod';
import {
  absolutePath,
  duration,
  hostName,
  list,
  name,
  rate,
  seconds,
  text,
  variables,
  whole,
} from './scalar-schema.ts';

const host = () => hostName().describe('A domain of a service.');
const path = () => absolutePath().describe('Path and query.');
const method = () => text().optional().describe('Default GET; POST for enqueue.');

const httpSchema = z.strictObject({
  host: host(),
  path: path(),
  rate: rate().describe('Requests begun per second, whether or not earlier ones have ended.'),
  method: method(),
  headers: z.record(z.string(), z.string()).optional().describe('Request headers.'),
  body: z.string().optional().describe('Request body.'),
  timeout: duration().optional().describe('Default 30s.'),
});
const sseSchema = z.strictObject({
  host: host(),
  path: path(),
  connections: whole(1, 100_000).describe('Streams held open.'),
  silence: duration().optional().describe('A stream without any byte for so long counts as dropped; default 15s.'),
});
const jobsSchema = z.strictObject({
  host: host(),
  enqueue: z
    .strictObject({ method: method(), path: path(), body: z.string().optional().describe('Request body.') })
    .describe('The request that creates a job; its answer carries the id.'),
  status: z.strictObject({ path: path() }).describe('Where to ask about a job; {id} is replaced.'),
  rate: rate().describe('Jobs per second or minute.'),
  done: list(text(), 'a list of states').optional().describe('States that mean done; default [done].'),
  failed: list(text(), 'a list of states')
    .optional()
    .describe('States that mean failed and may be tried again; default [failed].'),
  timeout: duration().optional().describe('A job in neither state after so long counts as abandoned; default 60s.'),
});

const kinds = ['http', 'sse', 'jobs'] as const;
const workloadSchema = z
  .strictObject({
    name: name().optional().describe('Default: its kind.'),
    http: httpSchema.optional().describe('Requests at a fixed rate.'),
    sse: sseSchema.optional().describe('Server-sent event streams.'),
    jobs: jobsSchema.optional().describe('Work that is accepted now and done later.'),
  })
  .refine((workload) => kinds.filter((kind) => workload[kind] !== undefined).length === 1, {
    error: 'needs exactly one of http, sse and jobs',
  });

const limit = () => whole(0).optional();

export const rehearsalSchema = z.strictObject({
  apiVersion: z.literal('pointsman/v1', { error: 'pointsman/v1' }).describe('Always pointsman/v1.'),
  kind: z.literal('Rehearsal').describe('Project, Service or Rehearsal.'),
  metadata: z.strictObject({ name: name().describe('What pointsman rehearse is given.') }),
  spec: z.strictObject({
    deploy: z
      .strictObject({
        services: list(name(), 'a list of service names')
          .optional()
          .describe('What is deployed; default: every service.'),
        variables: variables().optional().describe('Set for this deploy, so that there is something new.'),
      })
      .optional()
      .describe('The deploy that is rehearsed.'),
    compare: list(text(), 'a list of platforms')
      .optional()
      .describe("One run under each platform's rules; default: all."),
    before: duration().optional().describe('Load before the deploy begins; default 3s.'),
    after: duration().optional().describe('Load after it has ended; default 3s.'),
    workloads: list(workloadSchema, 'a list of workloads')
      .optional()
      .describe(
        'The load. Default: 50 requests per second to the health check of every public service that is deployed.',
      ),
    budgets: z
      .strictObject({
        failedRequests: limit().describe('Requests that may fail.'),
        longestOutage: duration().optional().describe('Longest time in which nothing succeeds.'),
        droppedStreams: limit().describe('Streams that may be cut or go silent.'),
        abandonedJobs: limit().describe('Jobs that may be left neither done nor failed.'),
        deploySeconds: seconds().optional().describe('How long the deploy may take.'),
      })
      .optional()
      .describe('Limits; one that is exceeded fails the rehearsal.'),
  }),
});

export type RehearsalManifest = z.infer<typeof rehearsalSchema>;

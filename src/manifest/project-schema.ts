import { z } from 'zod';
import { defaultPlatform, platformNames } from '../platform/index.ts';
import { clientLimitsSchema } from './limits-schema.ts';
import { list, memory, name, text, truth, variables, whole } from './scalar-schema.ts';

const tlsSchema = z.strictObject(
  {
    certificates: list(
      z.strictObject(
        {
          cert: text().describe("PEM file of the certificate and its intermediate ones, from this file's folder."),
          key: text().describe('PEM file of its key.'),
        },
        { error: 'a map' },
      ),
      'a list of cert and key',
    )
      .optional()
      .describe('Used for the names they cover; for localhost names Pointsman has an authority of its own.'),
    redirect: truth().optional().describe('Send http requests to https; default false.'),
  },
  { error: 'a map' },
);

export const projectSchema = z.strictObject({
  apiVersion: z.literal('pointsman/v1', { error: 'pointsman/v1' }).describe('Always pointsman/v1.'),
  kind: z.literal('Project').describe('Project, Service or Rehearsal.'),
  metadata: z.strictObject({ name: name().describe('Part of every container and volume name.') }),
  spec: z.strictObject({
    platform: text()
      .optional()
      .describe(`Whose rules hold: one of ${platformNames.join(', ')}; default ${defaultPlatform}.`),
    variables: variables().optional().describe('Shared variables, for services to refer to as ${{shared.NAME}}.'),
    buildArgs: variables().optional().describe('Build arguments for every Dockerfile that declares them.'),
    retention: z
      .strictObject(
        {
          revisions: whole(1, 1000)
            .optional()
            .describe("Revisions kept of each service that doesn't say keepRevisions; default 10."),
          diskBudget: memory()
            .optional()
            .describe(
              'Disk that images may use, such as 5Gi: above it the oldest revisions go first; rollback targets stay.',
            ),
        },
        { error: 'a map' },
      )
      .optional()
      .describe('How much of the past is kept.'),
    trustedProxies: list(
      text().regex(/^[\da-f.:]+\/\d{1,3}$/i, { error: 'a range of addresses such as 10.0.0.0/8' }),
      'a list of address ranges',
    )
      .optional()
      .describe(
        'Proxies in front, as CIDRs: what they say of their clients in X-Forwarded-* and X-Request-ID is believed.',
      ),
    clientLimits: clientLimitsSchema
      .optional()
      .describe('What clients may take of the public listeners, http, https and tcp alike.'),
    tls: tlsSchema.optional().describe('How https is served, where --https says that it is.'),
    environments: z
      .record(
        name(),
        z.strictObject({
          from: name().optional().describe('Begin with what that environment says.'),
          platform: text().optional().describe('Whose rules hold in this environment.'),
          variables: variables().optional().describe('Shared variables that differ in this environment.'),
          autoDeploy: truth()
            .optional()
            .describe('false: saved files are not deployed here, only what is asked for; default true.'),
        }),
        { error: 'a map of environment names' },
      )
      .optional()
      .describe('Environments besides production.'),
  }),
});

export type ProjectManifest = z.infer<typeof projectSchema>;

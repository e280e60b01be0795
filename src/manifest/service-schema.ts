import { z } from 'zod';
import { buildSchema } from './build-schema.ts';
import { deploySchema } from './deploy-schema.ts';
import {
  absolutePath,
  hostName,
  list,
  listenAddress,
  memory,
  name,
  oneOf,
  pattern,
  portNumber,
  text,
  variables,
  whole,
} from './scalar-schema.ts';
import { verifySchema } from './verify-schema.ts';

const limitsSchema = z.strictObject(
  {
    memory: memory().optional().describe('Such as 512Mi or 1Gi.'),
    cpus: z.number({ error: 'a number of CPUs' }).positive('more than 0').optional().describe('Such as 0.5.'),
    pids: whole(1).optional().describe('Processes and threads.'),
  },
  { error: 'a map' },
);

/** What an environment may say differently. */
const overridableFields = {
  image: text().optional().describe('Run this image instead of building one.'),
  build: buildSchema.optional().describe('How the image is built.'),
  deploy: deploySchema.optional().describe('How replicas are started, checked and replaced.'),
  port: portNumber().optional().describe('The port the app listens on, handed to it as PORT; default 8080.'),
  domains: list(hostName(), 'a list of host names').optional().describe('Public host names; none: private only.'),
  tcp: list(
    z.strictObject(
      {
        listen: listenAddress().describe('Where the proxy listens: a port of 127.0.0.1, or ADDRESS:PORT.'),
        port: portNumber().optional().describe("The app's port; default: the one it listens on anyway."),
      },
      { error: 'a map' },
    ),
    'a list of listen and port',
  )
    .optional()
    .describe('Connections that go to the app as they are, for databases and the like.'),
  hostPorts: list(
    z.strictObject(
      {
        listen: listenAddress().describe('Of this machine: a port of 127.0.0.1, or ADDRESS:PORT.'),
        port: portNumber()
          .optional()
          .describe("The app's port in its container; default: the same number. The process engine has no other."),
        protocol: oneOf(['udp', 'tcp']).describe(
          'What is spoken there; tcp that may go through the proxy belongs in tcp.',
        ),
      },
      { error: 'a map' },
    ),
    'a list of listen, port and protocol',
  )
    .optional()
    .describe(
      'Ports of this machine that the app holds itself, past the proxy. Only one replica can: the old one stops before the new one starts.',
    ),
  variables: variables().optional().describe('Environment variables. May refer to others: ${{other-service.NAME}}.'),
  limits: limitsSchema.optional().describe('What one replica may use.'),
  platform: text().optional().describe("Whose rules hold for this service; default: the project's."),
  verify: verifySchema.optional().describe('Checks around a deploy.'),
  keepRevisions: whole(1, 1000).optional().describe('Revisions that can be rolled back to; default 10.'),
};

export const serviceSchema = z.strictObject({
  apiVersion: z.literal('pointsman/v1', { error: 'pointsman/v1' }).describe('Always pointsman/v1.'),
  kind: z.literal('Service').describe('Project, Service or Rehearsal.'),
  metadata: z.strictObject({ name: name().describe('Unique in the project; also its private host name.') }),
  spec: z
    .strictObject({
      source: text().optional().describe("Folder that is built, from this file's folder."),
      config: text()
        .optional()
        .describe(
          'The file that configures the service in production (TOML or JSON), from the source folder. What stands here overrides it.',
        ),
      ...overridableFields,
      volumes: list(
        z.strictObject({
          name: pattern(/^[a-z0-9][a-z0-9-]*$/, 'a name of lower-case letters, digits and hyphens').describe(
            'Unique in the project.',
          ),
          mountPath: absolutePath().describe('Where the app finds it.'),
        }),
        'a list of volumes',
      )
        .optional()
        .describe('Folders that outlive replicas and revisions.'),
      dependsOn: list(name(), 'a list of service names')
        .optional()
        .describe('Started before this one and deployed before it.'),
      environments: z
        .record(name(), z.strictObject(overridableFields), { error: 'a map of environment names' })
        .optional()
        .describe('What is different in one environment.'),
    })
    .refine((spec) => (spec.source === undefined) !== (spec.image === undefined), {
      error: 'needs either source (a folder to build) or image (a ready image)',
    }),
});

export type ServiceManifest = z.infer<typeof serviceSchema>;

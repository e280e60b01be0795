import { z } from 'zod';
import { requestLimitsSchema } from './limits-schema.ts';
import { smokeSchema } from './verify-schema.ts';
import { analysisSchema, canarySchema, holdSchema } from './tryout-schema.ts';
import { amount, list, oneOf, pattern, portNumber, seconds, text, truth, whole } from './scalar-schema.ts';

const limitOverride = z.looseObject({
  containers: z
    .looseObject({
      cpu: z.number({ error: 'a number of CPUs' }).nullish().describe('As limits.cpus.'),
      memoryBytes: z.number({ error: 'a number of bytes' }).nullish().describe('As limits.memory, in bytes.'),
      diskBytes: z.number({ error: 'a number of bytes' }).nullish().describe('Accepted, without effect here.'),
    })
    .nullish()
    .describe('What one replica may use.'),
});

/** Keys a config file's `[deploy]` may have too. `null` clears what a lower layer says. */
export const sharedDeployFields = {
  startCommand: text().nullish().describe('Replaces what the image starts.'),
  preDeployCommand: z
    .union([text(), list(text(), 'a list').max(1)], { error: 'a command, or a list of exactly one command' })
    .nullish()
    .describe(
      'Run once in a container of the new version before any replica starts, for migrations; failure ends the deploy.',
    ),
  healthcheckPath: pattern(/^\//, 'a path that begins with /')
    .nullish()
    .describe('GET it until it succeeds; only then does a replica get traffic.'),
  healthcheckTimeout: seconds()
    .nullish()
    .describe('Seconds within which a started replica must become ready; default 300.'),
  numReplicas: whole(0, 200).nullish().describe('How many replicas run; default 1.'),
  restartPolicyType: oneOf(['ON_FAILURE', 'ALWAYS', 'NEVER'])
    .nullish()
    .describe('What to do when a replica ends by itself; default ON_FAILURE.'),
  restartPolicyMaxRetries: whole(0).nullish().describe('Restarts of one replica before giving up; default 10.'),
  overlapSeconds: seconds().nullish().describe('Both versions stay up this long after the switch; default 0.'),
  drainingSeconds: seconds()
    .nullish()
    .describe('Between SIGTERM and SIGKILL, and where the platform drains at its edge also the limit for that.'),
  requiredMountPath: text().nullish().describe('A volume must be mounted there.'),
  limitOverride: limitOverride
    .nullish()
    .describe('containers.memoryBytes and containers.cpu count where spec.limits says nothing.'),
  multiRegionConfig: z
    .record(z.string(), z.looseObject({ numReplicas: whole(0, 200).nullish().describe('Replicas in this region.') }), {
      error: 'a map of regions',
    })
    .nullish()
    .describe('Replicas of all regions are added up where numReplicas says nothing: there is one machine here.'),
  region: text().nullish().describe('Accepted, without effect here.'),
  cronSchedule: text().nullish().describe('Accepted, not run yet: the service is started like any other.'),
  sleepApplication: truth().nullish().describe('Accepted, without effect here: services do not sleep.'),
  registryCredentials: z.looseObject({}, { error: 'a map' }).nullish().describe('Accepted, without effect here.'),
  runtime: text().nullish().describe('Accepted, without effect here.'),
  useLegacyStacker: truth().nullish().describe('Accepted, without effect here.'),
  ipv6EgressEnabled: truth().nullish().describe('Accepted, without effect here.'),
};

export const deploySchema = z.strictObject(
  {
    ...sharedDeployFields,
    healthcheckCommand: list(text(), 'a list of words, such as [pg_isready, -U, postgres]')
      .min(1, 'a list of words, such as [pg_isready, -U, postgres]')
      .nullish()
      .describe('Run in the replica until it exits with 0, instead of asking a path.'),
    healthcheckPort: portNumber().nullish().describe('Check another port than the one traffic goes to.'),
    strategy: oneOf(['stop-start', 'rolling', 'blue-green', 'canary', 'concurrent', 'singleton'])
      .nullish()
      .describe('How replicas are replaced. Default: blue-green for what serves, rolling for workers.'),
    surge: amount().nullish().describe('Rolling: replicas allowed above numReplicas, a number or "50%"; default 1.'),
    unavailable: amount()
      .nullish()
      .describe('Rolling: replicas allowed below numReplicas, a number or "50%"; default 0.'),
    progressDeadlineSeconds: seconds()
      .nullish()
      .describe(
        'A rollout that works longer ends as failed; pauses, canary steps and baking do not count. Default: the sum of its own limits.',
      ),
    canary: canarySchema.nullish().describe('Canary: its steps; default 10 % and 50 % for a minute each.'),
    analysis: analysisSchema
      .nullish()
      .describe(
        'When the new version counts as worse than the old one, in a canary and while it bakes. Default: 5 percentage points more failures in 20 requests.',
      ),
    promotion: oneOf(['automatic', 'manual'])
      .nullish()
      .describe('manual: the new version waits at preview.DOMAIN for `pointsman promote`. Blue-green and canary.'),
    smoke: list(smokeSchema, 'a list of checks')
      .nullish()
      .describe('Asked of every new replica before users meet it; a failure ends the deploy. Blue-green and canary.'),
    bakeSeconds: seconds()
      .nullish()
      .describe(
        'After the switch the old version stays idle so long, and serves again at once if the new one does worse or crashes. Blue-green and canary.',
      ),
    affinity: oneOf(['replica', 'revision'])
      .nullish()
      .describe('A cookie keeps a client on the replica, or on the version, that it met first.'),
    hold: holdSchema
      .nullish()
      .describe('While no replica serves by design, requests wait within this budget; default 15 s and 1000 requests.'),
    requestLimits: requestLimitsSchema
      .nullish()
      .describe('What one request may take at the proxy; what is not said has no limit.'),
    drainCommand: text()
      .nullish()
      .describe('Run in a replica that has to go, before its first signal, for at most drainingSeconds.'),
    drainCheck: text()
      .nullish()
      .describe('Run in a container of the same version after a replica has ended: what became of its work.'),
  },
  { error: 'a map' },
);

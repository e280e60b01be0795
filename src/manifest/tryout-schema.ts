import { z } from 'zod';
import { list, oneOf, pattern, seconds, text, whole } from './scalar-schema.ts';

const httpToken = /^[!#$%&'*+.^_`|~\w-]+$/;
const share = z
  .number({ error: 'a share from 0 to 99' })
  .min(0, 'a share from 0 to 99')
  .max(99, 'a share from 0 to 99');

const stepSchema = z.strictObject(
  {
    percent: share.describe('Share of the requests; 0: matches and the preview address only.'),
    pause: z
      .union([z.number().min(0), z.literal('promote')], { error: 'a number of seconds, or promote' })
      .describe('Seconds before the next step, or promote: until `pointsman promote`.'),
  },
  { error: 'a step such as { percent: 10, pause: 60 }' },
);

const matchSchema = z
  .strictObject({
    header: pattern(httpToken, 'the name of a header').optional().describe('Requests that have this header.'),
    cookie: pattern(httpToken, 'the name of a cookie').optional().describe('Requests that have this cookie.'),
    value: text().optional().describe('Only with this value; default: whatever its value.'),
  })
  .refine(({ header, cookie }) => (header === undefined) !== (cookie === undefined), {
    error: 'needs either header or cookie',
  });

export const canarySchema = z.strictObject(
  {
    steps: list(stepSchema, 'a list of steps')
      .min(1, 'at least one step')
      .describe('Shares that rise; after the last one everybody is moved.'),
    matches: list(matchSchema, 'a list of matches')
      .optional()
      .describe('Requests that reach the new version from the first step on, whatever its share.'),
  },
  { error: 'a map' },
);

const ratio = z.number({ error: 'a number above 1' }).gt(1, 'a number above 1');

export const analysisSchema = z.strictObject(
  {
    minRequests: whole(1).optional().describe('Requests of the new version before anything is concluded; default 50.'),
    windowSeconds: seconds().optional().describe('Only so many last seconds count; default 60, at most 600.'),
    maxErrorIncrease: z
      .number({ error: 'a number of percentage points' })
      .min(0, 'a number of percentage points')
      .optional()
      .describe('Failed requests, in percentage points more than with the old version; default 1.'),
    maxP95Ratio: ratio.optional().describe("Times the old version's 95th percentile; default: not looked at."),
    maxP99Ratio: ratio.optional().describe("Times the old version's 99th percentile; default: not looked at."),
    onNoSample: oneOf(['hold', 'abort', 'promote'])
      .optional()
      .describe('What happens at the end of a step that saw fewer requests than that; default hold.'),
  },
  { error: 'a map' },
);

export const holdSchema = z.strictObject(
  {
    seconds: seconds().describe('How long a request waits at most.'),
    maxRequests: whole(0, 100_000).describe('How many may wait.'),
  },
  { error: 'a map of seconds and maxRequests' },
);

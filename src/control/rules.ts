import type { Revision, RolloutPolicy } from '../model/index.ts';
import type { Records } from './records.ts';

/**
 * The policy a revision lives by. The newest one follows the service's current rules, which may change without a new
 * revision; older ones keep those they were made with, so that what works is not measured by a newer health check.
 */
export const rulesOf = (records: Records, revision: Revision): RolloutPolicy => {
  const newest = records.newestRollout(revision.service)?.rollout.to;
  const record = records.service(revision.service);
  return record !== undefined && newest === revision.number ? record.policy : revision.spec.policy;
};

export const withRules = (records: Records, revision: Revision): Revision => {
  const policy = rulesOf(records, revision);
  return policy === revision.spec.policy ? revision : { ...revision, spec: { ...revision.spec, policy } };
};

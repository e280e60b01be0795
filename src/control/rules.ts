import type { Revision, RolloutPolicy, ServiceSpec } from '../model/index.ts';
import { isExclusive, stopStart } from '../model/index.ts';
import type { Records } from './records.ts';

/**
 * The policy a revision lives by. The newest one follows the service's current rules, which may change without a new
 * revision; older ones keep those they were made with, so that what works is not measured by a newer health check.
 */
export const rulesOf = (records: Records, revision: Revision): RolloutPolicy => {
  const newest = records.newestRollout(revision.service)?.rollout.to;
  const record = records.service(revision.service);
  const policy = record !== undefined && newest === revision.number ? record.policy : revision.spec.policy;
  return policyFor(revision.spec, policy);
};

/** Current rules may be those of another version, which had no volume or host port: who has one is handed over whatever they say. */
export const policyFor = (spec: Pick<ServiceSpec, 'volumes' | 'hostPorts'>, policy: RolloutPolicy): RolloutPolicy => {
  if (!isExclusive(spec) || policy.order === 'stop-first') return policy;
  const {
    canary: _steps,
    analysis: _judged,
    promotion: _asked,
    smoke: _checked,
    bakeSeconds: _bakes,
    ...others
  } = policy;
  return { ...others, ...stopStart };
};

export const withRules = (records: Records, revision: Revision): Revision => {
  const policy = rulesOf(records, revision);
  return policy === revision.spec.policy ? revision : { ...revision, spec: { ...revision.spec, policy } };
};

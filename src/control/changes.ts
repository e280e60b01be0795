import type { Rollout, ServiceSpec } from '../model/index.ts';
import { isFinished } from '../model/index.ts';
import { isSame } from './input-hash.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import { domainsOf } from './releases.ts';
import type { Change, RolloutRecord, ServiceRecord } from './store/index.ts';

/** A spec and the hash over it and its source. */
export interface HashedSpec {
  readonly spec: ServiceSpec;
  readonly specHash: string;
}

/** Why a service gets a new revision, in words; undefined when what runs is what is wanted. */
export const whyNew = (records: Records, { spec, specHash }: HashedSpec, retryFailed: boolean): string | undefined => {
  const record = records.service(spec.name);
  if (record === undefined) return 'first deploy';
  if (!record.wanted) return 'wanted again';
  if (returnsToActive(records, { spec, specHash })) return undefined;
  if (record.applied.specHash !== specHash) return whatDiffers(record.applied.spec, spec);
  const newest = records.newestRollout(spec.name)?.rollout;
  if (!retryFailed || newest === undefined || !hasNotSucceeded(newest)) return undefined;
  return records.revision(spec.name, newest.to)?.specHash === specHash ? 'tried again after a failure' : undefined;
};

/**
 * The manifest says again what the active revision is, which serves whatever becomes of those after it: of that nothing
 * is to be replaced. A rollback under way leads away from it, and was asked for: it gives way to a new revision only.
 */
export const returnsToActive = (records: Records, { spec, specHash }: HashedSpec): boolean => {
  const record = records.service(spec.name);
  const newest = records.newestRollout(spec.name)?.rollout;
  if (record?.active === undefined || newest === undefined) return false;
  if (!isFinished(newest.phase) && newest.isRollback === true) return false;
  return record.applied.specHash !== specHash && records.revision(spec.name, record.active)?.specHash === specHash;
};

/** The rollout that such a manifest takes back, as `abort` does: the one to what the manifest said in between. */
export const takenBackBy = (records: Records, hashed: HashedSpec): RolloutRecord | undefined => {
  const newest = records.newestRollout(hashed.spec.name);
  if (newest === undefined || isFinished(newest.rollout.phase) || newest.rollout.phase === 'retiring') return undefined;
  const isOther = records.revision(hashed.spec.name, newest.rollout.to)?.specHash !== hashed.specHash;
  return isOther && returnsToActive(records, hashed) ? newest : undefined;
};

/** What failed last is past: since then the manifest has gone back to what serves. A failed rollback is not past. */
export const isFailurePast = (records: Records, record: ServiceRecord, newest: Rollout | undefined): boolean =>
  newest?.phase === 'failed' && isPast(records, record, newest);

/** It was taken back by its manifest, whether or not that has been made use of yet. */
export const isTakenBack = (records: Records, record: ServiceRecord, { rollout, requests }: RolloutRecord): boolean =>
  requests?.aborted === true && isPast(records, record, rollout);

const isPast = (records: Records, { service, active, applied }: ServiceRecord, rollout: Rollout): boolean => {
  if (active === undefined || rollout.isRollback === true) return false;
  const left = records.revision(service, rollout.to)?.specHash;
  return records.revision(service, active)?.specHash === applied.specHash && left !== applied.specHash;
};

/** The row after a manifest was applied. What a command or a rollback set stays until the manifest says something else. */
export const appliedRecord = (
  before: ServiceRecord | undefined,
  applied: HashedSpec,
): Omit<ServiceRecord, 'active'> => {
  const { spec } = applied;
  const isUnchanged = (read: (spec: ServiceSpec) => unknown): boolean =>
    before !== undefined && isSame(read(before.applied.spec), read(spec));
  const isSameNumber = isUnchanged(({ replicas }) => replicas);
  return {
    service: spec.name,
    wanted: true,
    applied,
    policy: before !== undefined && isUnchanged(({ policy }) => policy) ? before.policy : spec.policy,
    scaledTo: isSameNumber ? before?.scaledTo : undefined,
    ...(isSameNumber && before?.replicasBefore !== undefined && { replicasBefore: before.replicasBefore }),
    ...(before?.domains !== undefined && isUnchanged(({ domains }) => domains) && { domains: before.domains }),
  };
};

/** Services that run but stand in no manifest any more. */
export const goneServices = (records: Records, specs: readonly ServiceSpec[]): readonly ServiceRecord[] =>
  records.services().filter((record) => record.wanted && !specs.some((spec) => spec.name === record.service));

/** Nothing of it is active from then on: should it be wanted again, it begins anew. */
export const unwanted = (records: Records, record: ServiceRecord): readonly Change[] => {
  const { broughtBack: _, ...rest } = record;
  const active = record.active === undefined ? undefined : records.revision(record.service, record.active);
  return [
    put.service({ ...rest, wanted: false, active: undefined }),
    ...(active === undefined ? [] : [put.revision({ ...active, result: 'retired' })]),
  ];
};

/** Whether the route table reads differently with the new row, members apart. */
export const changesRoutes = (before: ServiceRecord, after: Omit<ServiceRecord, 'active'>): boolean =>
  !isSame(
    [domainsOf(before), before.applied.spec.tcp ?? [], before.policy.edge, before.policy.affinity ?? null],
    [domainsOf(after), after.applied.spec.tcp ?? [], after.policy.edge, after.policy.affinity ?? null],
  );

const hasNotSucceeded = (rollout: Rollout): boolean => rollout.phase === 'failed' || rollout.phase === 'superseded';

const whatDiffers = (before: ServiceSpec, after: ServiceSpec): string => {
  const parts = (['image', 'startCommand', 'preDeployCommand', 'volumes', 'hostPorts', 'limits', 'port'] as const)
    .filter((part) => !isSame(before[part] ?? null, after[part] ?? null))
    .map(String);
  const names = new Set([...Object.keys(before.variables), ...Object.keys(after.variables)]);
  const variables = [...names].filter((name) => before.variables[name] !== after.variables[name]);
  if (variables.length > 0) parts.push(`variables ${variables.sort().join(', ')}`);
  return parts.length === 0 ? 'its source changed' : `changed: ${parts.join('; ')}`;
};

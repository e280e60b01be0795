import type { NewEvent } from '../model/index.ts';
import { appliedRecord, returnsToActive, takenBackBy } from './changes.ts';
import type { HashedSpec } from './changes.ts';
import { isSame } from './input-hash.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import { abortedRequests, saidTo } from './requests.ts';
import type { Change, RolloutRecord, ServiceRecord } from './store/index.ts';

/** A service whose rules, number or domains change, or whose manifest says again what serves: its replicas stay. */
export interface InPlaceChange {
  readonly before: ServiceRecord;
  readonly after: ServiceRecord;
  /** The rollout away from what serves, which is aborted. */
  readonly takenBack: RolloutRecord | undefined;
}

/** Of manifests that make no new revision. */
export const inPlaceChanges = (records: Records, hashed: readonly HashedSpec[]): readonly InPlaceChange[] =>
  hashed.flatMap((each) => {
    const before = records.service(each.spec.name);
    if (before?.wanted !== true) return [];
    if (before.applied.specHash !== each.specHash && !returnsToActive(records, each)) return [];
    const { replicasBefore, ...record } = appliedRecord(before, each);
    // Said again of what serves, a number is meant for that.
    const keepsNumber = before.applied.specHash === each.specHash && replicasBefore !== undefined;
    const after = { ...record, active: before.active, ...(keepsNumber && { replicasBefore }) };
    return isSame(before, after) ? [] : [{ before, after, takenBack: takenBackBy(records, each) }];
  });

export const rowsOf = ({ after, takenBack }: InPlaceChange): readonly Change[] => [
  put.service(after),
  ...(takenBack === undefined ? [] : [put.rollout({ ...takenBack, requests: abortedRequests(takenBack) })]),
];

export const eventsOf = ({ before, after, takenBack }: InPlaceChange): readonly NewEvent[] => {
  const { service, active } = after;
  if (before.applied.specHash === after.applied.specHash) return [];
  const message = `${service}: the manifest says again what revision ${active} is, which serves`;
  return [
    { service, severity: 'info', reason: 'NothingToReplace', message },
    ...(takenBack === undefined ? [] : [saidTo(takenBack.rollout, 'Aborted', 'by the manifest')]),
  ];
};

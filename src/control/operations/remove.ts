import type { DrainReport, ReplicaId, ServiceName } from '../../model/index.ts';
import { drainEvent, drainReportOf } from '../drain-reports.ts';
import { drop, put } from '../records.ts';
import type { Change } from '../store/index.ts';
import type { OperationParts, Perform } from './parts.ts';

export const remove: Perform<'remove'> = async ({ service, replica, cause, departure }, parts, signal) => {
  const notes = parts.records.notes(replica);
  await parts.engine.remove(replica, signal);
  const report = departure === undefined ? undefined : drainReportOf(replica, departure, notes);
  parts.store.record([drop.notes(replica), ...(report === undefined ? [] : kept(parts, service, report))]);
  forget(parts, replica);
  if (report !== undefined) parts.onEvent({ service, ...drainEvent(report) });
  parts.onEvent({ service, replica, severity: 'info', reason: 'ReplicaRemoved', message: `${replica} ${cause}` });
};

const forget = ({ health, live, routes }: OperationParts, replica: ReplicaId): void => {
  health.forget(replica);
  live.forgetReplica(replica);
  routes.forget(replica);
};

const keptReports = 100;

const kept = ({ records }: OperationParts, service: ServiceName, report: DrainReport): readonly Change[] => {
  const newest = records.newestRollout(service);
  if (newest === undefined) return [];
  return [put.rollout({ ...newest, drains: [...(newest.drains ?? []), report].slice(-keptReports) })];
};

import type {
  EnvironmentName,
  Instant,
  ObservedReplica,
  ProjectName,
  RevisionNumber,
  Rollout,
  ServiceName,
} from '../model/index.ts';
import { isExclusive } from '../model/index.ts';
import { dependencyState } from '../plan/index.ts';
import { isFailurePast } from './changes.ts';
import { nothingToCheck } from './check-state.ts';
import type { DependencyState, Situation } from '../plan/index.ts';
import type { Records } from './records.ts';
import type { Routes } from './routes.ts';
import { nothingAsked } from './requests.ts';
import { withRules } from './rules.ts';
import type { RolloutRecord, ServiceRecord } from './store/index.ts';
import type { TrafficWatch } from './traffic-watch.ts';

export interface SituationParts {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  readonly records: Records;
  readonly routes: Pick<Routes, 'routedOf' | 'splitOf'>;
  readonly traffic: Pick<TrafficWatch, 'seen'>;
}

export interface SituationFacts {
  readonly now: Instant;
  readonly watchedSince?: Instant;
  readonly replicas: readonly ObservedReplica[];
  readonly running: ReadonlySet<string>;
}

/** All the planner may know about one service. */
export const situationOf = (parts: SituationParts, service: ServiceName, facts: SituationFacts): Situation => {
  const { records, routes, traffic, project, environment } = parts;
  const record = records.service(service);
  const newest = records.newestRollout(service);
  return {
    now: facts.now,
    watchedSince: facts.watchedSince,
    sleeps: records.settings().sleeps,
    replicas: facts.replicas,
    running: facts.running,
    project,
    environment,
    service,
    wanted: record?.wanted === true ? wantedOf(records, record, newest?.rollout) : undefined,
    rollout: newest?.rollout,
    revisions: records.revisionsOf(service).map((revision) => withRules(records, revision)),
    active: record?.active,
    isFailurePast: record !== undefined && isFailurePast(records, record, newest?.rollout),
    dependencies: newest === undefined ? noDependencies : dependenciesOf(parts, newest),
    build: newest?.build ?? { kind: 'pending' },
    preDeploy: newest?.preDeploy ?? { kind: 'pending' },
    checks: newest?.checks ?? nothingToCheck,
    slots: records.slotsOf(service),
    routed: routes.routedOf(service),
    split: routes.splitOf(service),
    ...traffic.seen(service, facts.now),
    requests: newest?.requests ?? nothingAsked,
  };
};

/** A number that somebody said before a service became a singleton, or got its volume or host port, is not meant for that. */
export const replicasOf = ({ scaledTo, applied, policy }: ServiceRecord): number => {
  const isAlone = policy.strategy === 'singleton' || isExclusive(applied.spec);
  const replicas = scaledTo ?? applied.spec.replicas;
  return isAlone ? Math.min(1, replicas) : replicas;
};

/** How many what serves has until it is replaced. Rules by which there is one never lead back to more. */
export const keptReplicas = (record: ServiceRecord): number => {
  const replicas = record.replicasBefore ?? replicasOf(record);
  return record.policy.strategy === 'singleton' ? Math.min(1, replicas) : replicas;
};

/** As many as the newest version is to have, and the active one as long as it is there: either may have a volume or a host port. */
const wantedOf = (records: Records, record: ServiceRecord, newest: Rollout | undefined): Situation['wanted'] => {
  const seatsIn = (revision: RevisionNumber | undefined, replicas: number): number => {
    const spec = records.revision(record.service, revision ?? 0)?.spec;
    return spec !== undefined && isExclusive(spec) ? Math.min(1, replicas) : replicas;
  };
  const replicas = seatsIn(newest?.to, replicasOf(record));
  if (record.active === undefined || record.active === newest?.to) return { replicas };
  return { replicas, before: seatsIn(record.active, keptReplicas(record)) };
};

const noDependencies: DependencyState = { waitingFor: [], failed: undefined };

const dependenciesOf = (parts: SituationParts, { rollout }: RolloutRecord): DependencyState => {
  const spec = parts.records.revision(rollout.service, rollout.to)?.spec;
  return dependencyState(rollout, spec?.dependsOn ?? [], (name) => {
    const record = parts.records.service(name);
    if (record?.wanted !== true) return undefined;
    const newest = parts.records.newestRollout(name)?.rollout;
    // Its manifest was taken back: it is not deployed with the others any more, so nothing of it failed.
    const isPast = isFailurePast(parts.records, record, newest);
    return { available: parts.routes.routedOf(name).length > 0, rollout: isPast ? undefined : newest };
  });
};

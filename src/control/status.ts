import type { Engine } from '../engine/index.ts';
import type { Condition, Instant, ObservedReplica, ReplicaPhase, Rollout } from '../model/index.ts';
import { errorReport, isFinished } from '../model/index.ts';
import type { ReplicaStatus, ServiceStatus, StatusReport } from '../protocol/index.ts';
import type { ProxyLink } from '../traffic/index.ts';
import { isFailurePast } from './changes.ts';
import type { DesiredReader } from './desired.ts';
import type { EngineState } from './engine-state.ts';
import type { LiveFacts } from './live-facts.ts';
import type { LostRecords } from './lost-records.ts';
import type { Observer } from './observer.ts';
import type { Records } from './records.ts';
import { previewHosts } from './preview.ts';
import { domainsOf } from './releases.ts';
import type { Routes } from './routes.ts';
import { shownRollout } from './shown-rollout.ts';
import { keptReplicas, replicasOf } from './situation.ts';
import type { ServiceRecord } from './store/index.ts';
import type { TableSurroundings } from './table-surroundings.ts';

export interface StatusParts {
  readonly place: TableSurroundings;
  readonly engine: Engine;
  /** Why this engine was chosen. */
  readonly engineReason: string;
  readonly engineState: EngineState;
  readonly proxy: ProxyLink;
  readonly records: Records;
  readonly observer: Observer;
  readonly routes: Routes;
  readonly reader: DesiredReader;
  readonly live: LiveFacts;
  readonly lostRecords: LostRecords;
  readonly startedAt: Instant;
  readonly manifests: string;
}

export const statusOf = async (parts: StatusParts): Promise<StatusReport> => {
  const { place, engine, engineState, reader, records } = parts;
  const known = records.services().filter((record) => isHere(parts, record) || mayBeLeaving(parts, record));
  const looked = await Promise.all(
    known.map(async (record) => ({ record, status: await serviceStatus(parts, record) })),
  );
  const services = looked
    .filter(({ record, status }) => isHere(parts, record) || status.replicas.length > 0)
    .map(({ status }) => status);
  return {
    project: place.project,
    environment: place.environment,
    platform: records.settings().platform ?? records.services()[0]?.applied.spec.platform ?? 'pointsman',
    engine: {
      kind: engine.capabilities.engine,
      reason: parts.engineReason,
      reachable: engineState.lost === undefined,
      ...(engineState.lost !== undefined && { message: engineState.lost }),
    },
    supervisor: {
      pid: process.pid,
      startedAt: parts.startedAt,
      memoryBytes: process.memoryUsage().rss,
      manifests: [parts.manifests],
    },
    proxy: proxyStatus(parts),
    services: [...services, ...notYetDeployed(parts)].sort((a, b) => (a.name < b.name ? -1 : 1)),
    problems: reader.last.problems.map(errorReport),
  };
};

/** A replica's phase follows from what is known of it; it is not kept anywhere. */
export const phaseOf = (replica: ObservedReplica): ReplicaPhase => {
  if (replica.execution.kind === 'exited') return 'stopped';
  if (replica.signalledAt.length > 0) return 'stopping';
  if (replica.drainingSince !== undefined || replica.unroutedAt !== undefined) return 'draining';
  if (replica.readyAt !== undefined) return 'ready';
  return replica.execution.kind;
};

const isHere = ({ routes }: StatusParts, { wanted, service }: ServiceRecord): boolean =>
  wanted || routes.routedOf(service).length > 0;

/** Out of the manifests and the routes, while a replica of it still finishes its work. */
const mayBeLeaving = ({ records }: StatusParts, { service }: ServiceRecord): boolean =>
  records.notesOf(service).length > 0;

/** In the manifests, but nobody asked for them so far. */
const notYetDeployed = ({ records, reader }: StatusParts): readonly ServiceStatus[] =>
  reader.last.specs
    .filter((spec) => records.service(spec.name) === undefined)
    .map((spec) => ({
      name: spec.name,
      strategy: spec.policy.strategy,
      wanted: spec.replicas,
      ready: 0,
      revision: undefined,
      urls: [],
      rollout: undefined,
      replicas: [],
      conditions: [],
    }));

const proxyStatus = ({ proxy, routes, lostRecords }: StatusParts): StatusReport['proxy'] => {
  const address = routes.publicAddress;
  if (address === undefined) return undefined;
  const { generation, proxyWarning: warning } = routes;
  const http = `${address.host}:${address.port}`;
  const secure = routes.secureAddress;
  const https = secure === undefined ? undefined : `${secure.host}:${secure.port}`;
  return {
    pid: proxy.hello.pid,
    http,
    ...(https !== undefined && { https }),
    generation,
    ...(warning !== undefined && { warning }),
    ...(lostRecords.count > 0 && { lostRecords: lostRecords.count }),
  };
};

const serviceStatus = async (parts: StatusParts, record: ServiceRecord): Promise<ServiceStatus> => {
  const { records, live } = parts;
  const replicas = await observed(parts, record);
  const newestRecord = records.newestRollout(record.service);
  const newest = newestRecord === undefined ? undefined : shownRollout(newestRecord);
  const isTriedOut = parts.routes.splitOf(record.service) !== undefined;
  return {
    name: record.service,
    strategy: record.policy.strategy,
    wanted: record.wanted ? wantedNow(record, newest) : 0,
    ready: replicas.filter((replica) => phaseOf(replica) === 'ready').length,
    revision: record.active,
    urls: isHere(parts, record)
      ? parts.routes.hostsOf(record.service, domainsOf(record)).flatMap((domain) => urlsOf(parts, domain))
      : [],
    ...(isTriedOut && { previews: previewHosts(records, record).map((host) => urlOf(parts.routes, host)) }),
    rollout: newest !== undefined && isWorthSeeing(records, record, newest) ? newest : undefined,
    replicas: replicas.toSorted((a, b) => a.revision - b.revision || a.slot - b.slot).map(replicaStatus),
    drains: newestRecord?.drains ?? [],
    conditions: [...live.conditions(record.service), ...claimCondition(parts, record), manifestCondition(parts)],
  };
};

/** Until it is replaced what serves keeps its number, also after a version with another one has failed. */
const wantedNow = (record: ServiceRecord, newest: Rollout | undefined): number =>
  newest?.phase === 'failed' ? keptReplicas(record) : replicasOf(record);

/** What failed last is worth seeing until something newer completes, or its manifest is taken back. */
const isWorthSeeing = (records: Records, record: ServiceRecord, newest: Rollout): boolean =>
  !isFinished(newest.phase) || (newest.phase === 'failed' && !isFailurePast(records, record, newest));

/** With the engine out of reach the services are shown without replicas; the report says why. */
const observed = async (
  { observer, engineState }: StatusParts,
  record: ServiceRecord,
): Promise<readonly ObservedReplica[]> => {
  try {
    return await observer.observe(record.service);
  } catch (error) {
    engineState.noteLost(errorReport(error).message);
    return [];
  }
};

const replicaStatus = (replica: ObservedReplica): ReplicaStatus => {
  const { execution } = replica;
  const address = execution.kind === 'running' ? execution.address : undefined;
  return {
    id: replica.id,
    slot: replica.slot,
    revision: replica.revision,
    attempt: replica.attempt,
    phase: phaseOf(replica),
    routed: replica.routed,
    inFlight: replica.inFlight,
    address: address === undefined ? undefined : `${address.host}:${address.port}`,
    startedAt: replica.startedAt,
    exit: execution.kind === 'exited' ? execution.exit : undefined,
  };
};

/** A domain leads to one service: the others that claim it say who has it. */
const claimCondition = ({ routes, records, startedAt }: StatusParts, record: ServiceRecord): readonly Condition[] => {
  const own = domainsOf(record);
  const hosts = routes.hostsOf(record.service, own);
  const lost = own.flatMap((domain): readonly string[] => {
    const isElsewhere = ({ service }: ServiceRecord): boolean => routes.hostsOf(service, []).includes(domain);
    const holder = hosts.includes(domain) ? undefined : records.services().find(isElsewhere)?.service;
    return holder === undefined ? [] : [claimWords(record.service, domain, holder)];
  });
  if (lost.length === 0) return [];
  return [{ type: 'Reachable', status: 'false', reason: 'DomainClaimed', message: lost.join('; '), since: startedAt }];
};

const claimWords = (service: string, domain: string, holder: string): string =>
  `${domain} leads to ${holder}, which claims it too: ${service} gets it once ${holder} is gone; give one of the two another domain`;

const manifestCondition = ({ reader, startedAt }: StatusParts): Condition => {
  const [problem, ...more] = reader.last.problems;
  if (problem === undefined) {
    return {
      type: 'ManifestValid',
      status: 'true',
      reason: 'Read',
      message: 'the manifests are in use',
      since: startedAt,
    };
  }
  const { message: what, fix } = problem;
  const first = fix === undefined ? what : `${what} ${fix}`;
  const message = more.length === 0 ? first : `${first} (and ${more.length} more)`;
  return { type: 'ManifestValid', status: 'false', reason: 'Invalid', message, since: startedAt };
};

/** https first, where it is served; http only where it leads to the same. */
const urlsOf = ({ routes, records, place }: StatusParts, domain: string): readonly string[] => {
  const secure = routes.secureAddress;
  const plain = urlOf(routes, domain);
  if (secure === undefined) return [plain];
  const isRedirected = place.https !== undefined && records.settings().tls?.redirect === true;
  return [`https://${domain}${secure.port === 443 ? '' : `:${secure.port}`}`, ...(isRedirected ? [] : [plain])];
};

export const urlOf = (routes: Pick<Routes, 'publicAddress'>, domain: string): string =>
  `http://${domain}${routes.publicAddress === undefined ? '' : `:${routes.publicAddress.port}`}`;

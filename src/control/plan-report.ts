import type { ObservedReplica, Operation, Revision, Rollout, ServiceName } from '../model/index.ts';
import { isFinished, rolloutId, serviceName } from '../model/index.ts';
import { deployOrder, describePlan, describePolicy, forecast } from '../plan/index.ts';
import type { PlannedService, Situation } from '../plan/index.ts';
import type { DeployRequest, PlanReport } from '../protocol/index.ts';
import { appliedRecord, goneServices, returnsToActive, takenBackBy, whyNew } from './changes.ts';
import { checkStateOf } from './check-state.ts';
import type { HashedSpec } from './changes.ts';
import { differenceInWords, differencesBetween } from './differences.ts';
import { isSame } from './input-hash.ts';
import { expectationOf } from './measures.ts';
import { nothingAsked } from './requests.ts';
import { replicasOf, situationOf } from './situation.ts';
import type { SituationParts } from './situation.ts';
import type { ServiceRecord } from './store/index.ts';

export interface PlanInput {
  readonly request: DeployRequest;
  readonly hashed: readonly HashedSpec[];
  readonly notes: Readonly<Record<string, readonly string[]>>;
  readonly replicas: ReadonlyMap<ServiceName, readonly ObservedReplica[]>;
  readonly now: number;
}

/** What a deploy would do, by asking the real planner. Changes nothing. */
export const planReport = (parts: SituationParts, input: PlanInput): PlanReport => {
  const planned = [...input.hashed.map((each) => plannedService(parts, input, each)), ...removals(parts, input)];
  const graph = new Map(input.hashed.map(({ spec }) => [spec.name, spec.dependsOn]));
  for (const { service } of planned) if (!graph.has(service)) graph.set(service, []);
  const waves = deployOrder(graph).map((wave) =>
    wave.map((name) => planned.find(({ service }) => service === name)).filter((service) => service !== undefined),
  );
  return {
    text: describePlan(waves),
    services: planned.map(({ service, change, why, policy, replicas, expected, notes }) => ({
      service,
      change,
      why,
      how: policy === undefined ? '' : describePolicy(policy, replicas),
      differences: differencesOf(parts, input, service),
      notes,
      apart: change === 'none' ? apart(parts, input, service) : [],
      ...(expected !== undefined && { expected }),
    })),
  };
};

/** Of what would run against what runs; nothing of services that are new or go. */
const differencesOf = ({ records }: SituationParts, { hashed }: PlanInput, service: ServiceName) => {
  const spec = hashed.find((each) => each.spec.name === service)?.spec;
  const record = records.service(service);
  const active = record?.active === undefined ? undefined : records.revision(service, record.active);
  return spec === undefined || active === undefined ? [] : differencesBetween({ spec: active.spec }, { spec });
};

const apart = (parts: SituationParts, input: PlanInput, service: ServiceName): readonly string[] => {
  const hashed = input.hashed.find((each) => each.spec.name === service);
  const record = parts.records.service(service);
  if (hashed === undefined || record === undefined) return [];
  const { spec } = hashed;
  const { active, scaledTo } = record;
  if (returnsToActive(parts.records, hashed)) {
    const takenBack = takenBackBy(parts.records, hashed)?.rollout;
    return [
      `${service} stays as it is: its manifest says again what revision ${active} is, which serves`,
      ...(takenBack === undefined ? [] : [`the deploy of ${service} revision ${takenBack.to} is aborted`]),
    ];
  }
  const rollout = underWay(parts, record);
  if (rollout !== undefined)
    return [`${service} revision ${rollout.to}, which its manifest asks for, is ${rollout.phase}`];
  const differences = isRolledBack(parts, record) ? differencesOf(parts, input, service).map(differenceInWords) : [];
  return [
    ...(scaledTo === undefined || scaledTo === spec.replicas
      ? []
      : [`${service} was scaled to ${scaledTo}; its manifest says ${spec.replicas}`]),
    ...(differences.length === 0
      ? []
      : [`${service} was rolled back; \`pointsman deploy ${service}\` takes it forward: ${differences.join('; ')}`]),
  ];
};

/** To what the manifest says. */
const underWay = ({ records }: SituationParts, { service, applied }: ServiceRecord): Rollout | undefined => {
  const rollout = records.newestRollout(service)?.rollout;
  if (rollout === undefined || isFinished(rollout.phase)) return undefined;
  return records.revision(service, rollout.to)?.specHash === applied.specHash ? rollout : undefined;
};

/** What serves is older than the manifest, or goes by older rules. Rules that the manifest changed in place are in force. */
const isRolledBack = (
  { records }: SituationParts,
  { service, active, applied, policy, domains }: ServiceRecord,
): boolean =>
  (active !== undefined && records.revision(service, active)?.specHash !== applied.specHash) ||
  !isSame(policy, applied.spec.policy) ||
  domains !== undefined;

const plannedService = (parts: SituationParts, input: PlanInput, each: HashedSpec): PlannedService => {
  const { spec } = each;
  const before = parts.records.service(spec.name);
  const record = appliedRecord(before, each);
  const replicas = replicasOf({ ...record, active: before?.active });
  const notes = input.notes[spec.name] ?? [];
  const differences = differencesOf(parts, input, spec.name).map(differenceInWords);
  const common = { service: spec.name, replicas, notes, differences, expected: undefined };
  const why = whyDeployed(parts, input, each);
  if (why !== undefined) {
    const change = before?.active === undefined ? 'create' : 'replace';
    const expected = expectationOf(parts.records, spec.name, record.policy);
    const operations = rolloutOperations(parts, input, each, why);
    return { ...common, change, why, expected, policy: record.policy, operations };
  }
  const wanted = before === undefined ? 0 : replicasOf(before);
  if (wanted === replicas) return { ...common, change: 'none', why: 'unchanged', policy: undefined, operations: [] };
  const situation = { ...situationOf(parts, spec.name, factsOf(input, spec.name)), wanted: { replicas } };
  const operations = forecast(situation);
  return { ...common, change: 'scale', why: `${wanted} to ${replicas} replicas`, policy: record.policy, operations };
};

const whyDeployed = ({ records }: SituationParts, { request }: PlanInput, each: HashedSpec): string | undefined => {
  const why = whyNew(records, each, true);
  if (request.services.length === 0) return why;
  return request.services.map(serviceName).includes(each.spec.name) ? (why ?? 'named, though unchanged') : undefined;
};

const rolloutOperations = (
  parts: SituationParts,
  input: PlanInput,
  each: HashedSpec,
  cause: string,
): readonly Operation[] => {
  const { name } = each.spec;
  const situation = situationOf(parts, name, factsOf(input, name));
  const number = (situation.revisions.at(-1)?.number ?? 0) + 1;
  const revision: Revision = { ...each, service: name, number, createdAt: input.now, cause, result: 'pending' };
  const rollout: Rollout = {
    id: rolloutId('planned'),
    service: name,
    from: situation.active,
    to: number,
    phase: 'waiting',
    startedAt: input.now,
    history: [{ phase: 'waiting', at: input.now }],
    deployId: 'planned',
  };
  return forecast({
    ...situation,
    wanted: {
      ...keptBefore(situation),
      replicas: replicasOf({ ...appliedRecord(parts.records.service(name), each), active: undefined }),
    },
    rollout,
    revisions: [...situation.revisions, revision],
    // The waves tell the order; here it is about the service alone.
    dependencies: { waitingFor: [], failed: undefined },
    requests: nothingAsked,
    build: { kind: 'pending' },
    preDeploy: { kind: each.spec.preDeployCommand === undefined ? 'done' : 'pending' },
    checks: checkStateOf(each.spec, { active: situation.active, isRollback: false }),
  });
};

/** What serves keeps its number until it is replaced. */
const keptBefore = ({ active, wanted }: Situation) => {
  const before = wanted?.before ?? wanted?.replicas;
  return active === undefined || before === undefined ? {} : { before };
};

const removals = (parts: SituationParts, input: PlanInput): readonly PlannedService[] => {
  if (input.request.services.length > 0) return [];
  return goneServices(
    parts.records,
    input.hashed.map(({ spec }) => spec),
  ).map(({ service }) => ({
    service,
    change: 'remove',
    why: 'no manifest names it any more',
    replicas: 0,
    policy: undefined,
    notes: [],
    differences: [],
    expected: undefined,
    operations: forecast({ ...situationOf(parts, service, factsOf(input, service)), wanted: undefined }),
  }));
};

const factsOf = ({ now, replicas }: PlanInput, service: ServiceName) => ({
  now,
  replicas: replicas.get(service) ?? [],
  running: new Set<string>(),
});

import type { Change, RolloutRecord, ServiceRecord } from '../../../src/control/store/index.ts';
import { StateStore } from '../../../src/control/store/index.ts';
import type { Amount, Revision, Rollout, RolloutPolicy, ServiceName, ServiceSpec } from '../../../src/model/index.ts';
import { handedOver } from '../sketches.ts';
import type { World } from '../world.ts';

interface InForce {
  readonly from: number;
  readonly record: ServiceRecord;
}

/** What was planned by a rule may still be carried out for so long after the rule has changed. */
const graceMs = 5000;

/** What the supervisor has decided, as its own records say, and since when. */
export class Decisions {
  readonly #world: World;
  readonly #history = new Map<ServiceName, InForce[]>();

  constructor(world: World) {
    this.#world = world;
  }

  takeOver(earlier: Decisions): void {
    for (const [service, history] of earlier.#history) this.#history.set(service, [...history]);
  }

  note(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.table !== 'services' || change.row === undefined) continue;
      const history = this.#history.get(change.row.service) ?? [];
      history.push({ from: this.#world.time.now, record: change.row });
      this.#history.set(change.row.service, history);
    }
  }

  services(): readonly ServiceRecord[] {
    return this.#world.life.store?.all('services') ?? [];
  }

  service(name: ServiceName): ServiceRecord | undefined {
    return this.#world.life.store?.get('services', name);
  }

  revision(service: ServiceName, number: number): Revision | undefined {
    return this.#world.life.store?.get('revisions', `${service}/${number}`);
  }

  newestRollout(service: ServiceName): RolloutRecord | undefined {
    return newestOf(this.#world.life.store, service);
  }

  /** By the restart policies in force nobody sits there again. */
  isGivenUp({ service, number, spec }: Revision, slot: number, store = this.#world.life.store): boolean {
    const crashes = store?.get('slots', `${service}/${number}/${slot}`)?.crashes ?? [];
    const last = crashes.at(-1);
    const policies = [store?.get('services', service)?.policy.restart ?? spec.policy.restart, spec.policy.restart];
    return policies.some(
      ({ when, maxRetries }) =>
        last !== undefined &&
        (when === 'never' || (when === 'on-failure' && (last.exitCode === 0 || crashes.length > maxRetries))),
    );
  }

  /** How many of the version that is gone back to can be had; undefined: nobody goes back. */
  leftToGoBackTo(service: ServiceName): number | undefined {
    // Whoever published may have been killed since.
    const store = this.#world.life.store ?? new StateStore(this.#world.disk.file());
    const record = store.get('services', service);
    const phase = newestOf(store, service)?.rollout.phase;
    const active = record?.active === undefined ? undefined : store.get('revisions', `${service}/${record.active}`);
    if (record === undefined || active === undefined || (phase !== 'failed' && phase !== 'superseded'))
      return undefined;
    const seats = Array.from({ length: seatsOf(record, active) }, (_, slot) => slot);
    return seats.filter((slot) => !this.isGivenUp(active, slot, store)).length;
  }

  rolloutTo(service: ServiceName, revision: number): Rollout | undefined {
    const all = this.#world.life.store?.of('rollouts', service) ?? [];
    return all.find(({ rollout }) => rollout.to === revision)?.rollout;
  }

  /** The records that hold, or held a moment ago. */
  inForce(service: ServiceName, since = this.#world.time.now - graceMs): readonly ServiceRecord[] {
    const history = this.#history.get(service) ?? [];
    const first = history.findLastIndex(({ from }) => from <= since);
    const records = history.slice(Math.max(0, first)).map(({ record }) => record);
    return this.#leadsToExclusive(service) ? records.map(asHandedOver) : records;
  }

  /** Then the old one ends first, whatever the rules say of others. */
  #leadsToExclusive(service: ServiceName): boolean {
    const rollout = this.newestRollout(service)?.rollout;
    const isBack = rollout?.phase === 'failed' || rollout?.phase === 'superseded';
    const number = isBack ? this.service(service)?.active : rollout?.to;
    const spec = this.revision(service, number ?? 0)?.spec;
    return spec !== undefined && isHeldByOne(spec);
  }

  /** Whether something about the service's rules holds now and has held long enough. */
  always(service: ServiceName, test: (record: ServiceRecord) => boolean): boolean {
    const records = this.inForce(service);
    return records.length > 0 && records.every(test);
  }

  /** The least that some rule in force asks for. */
  least(service: ServiceName, read: (record: ServiceRecord) => number): number {
    const records = this.inForce(service);
    return records.length === 0 ? 0 : Math.min(...records.map(read));
  }
}

const newestOf = (store: StateStore | undefined, service: ServiceName): RolloutRecord | undefined => {
  let newest: RolloutRecord | undefined;
  for (const record of store?.of('rollouts', service) ?? []) {
    if (record.order > (newest?.order ?? 0)) newest = record;
  }
  return newest;
};

const asHandedOver = (record: ServiceRecord): ServiceRecord =>
  record.policy.order === 'stop-first' ? record : { ...record, policy: handedOver(record.policy) };

export const wantedReplicas = ({ wanted, scaledTo, applied, policy }: ServiceRecord): number => {
  if (!wanted) return 0;
  const isAlone = policy.strategy === 'singleton' || isHeldByOne(applied.spec);
  const replicas = scaledTo ?? applied.spec.replicas;
  return isAlone ? Math.min(1, replicas) : replicas;
};

/** Of the version that worked last: its own number, if a newer one did not come to have another. Of one with a volume or a host port there is one. */
export const seatsOf = (record: ServiceRecord, { spec }: Revision): number => {
  const replicas = record.wanted ? (record.replicasBefore ?? wantedReplicas(record)) : 0;
  return isHeldByOne(spec) || record.policy.strategy === 'singleton' ? Math.min(1, replicas) : replicas;
};

/** How few may serve while versions are exchanged. Worked out apart from the planner, which it is there to check. */
export const floorOf = (policy: RolloutPolicy, wanted: number): number => {
  const exchangesAll = policy.order === 'start-first' && policy.switch === 'atomic';
  if (exchangesAll) return wanted;
  const surge = amountOf(policy.batch.surge, wanted);
  const unavailable = amountOf(policy.batch.unavailable, wanted);
  const least = surge === 0 && unavailable === 0 && policy.order === 'stop-first' ? 1 : unavailable;
  return Math.max(0, wanted - least);
};

const amountOf = (amount: Amount, wanted: number): number => {
  if (amount.kind === 'count') return amount.count;
  const exact = (wanted * amount.percent) / 100;
  return amount.round === 'up' ? Math.ceil(exact) : Math.floor(exact);
};

/** A volume to write to, or a port of the machine. */
export const isHeldByOne = (spec: Pick<ServiceSpec, 'volumes' | 'hostPorts'>): boolean =>
  [...spec.volumes, ...(spec.hostPorts ?? [])].length > 0;

/** Two must never run at the same time. */
export const isExclusive = ({ policy, applied }: ServiceRecord): boolean =>
  policy.strategy === 'singleton' || (isHeldByOne(applied.spec) && applied.spec.replicas === 1);

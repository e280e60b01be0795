import type { ReplicaId, Revision, RevisionNumber, ServiceName, Slot } from '../model/index.ts';
import type {
  Change,
  DeployRecord,
  ReplicaNotes,
  RolloutRecord,
  ServiceRecord,
  Settings,
  SlotRecord,
  StateStore,
} from './store/index.ts';

/** The rows as control asks for them. */
export class Records {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  services(): readonly ServiceRecord[] {
    return this.#store.all('services');
  }

  service(name: ServiceName): ServiceRecord | undefined {
    return this.#store.get('services', name);
  }

  /** Oldest first. */
  revisionsOf(service: ServiceName): readonly Revision[] {
    return this.#store.of('revisions', service).toSorted((a, b) => a.number - b.number);
  }

  revision(service: ServiceName, number: RevisionNumber): Revision | undefined {
    return this.#store.get('revisions', revisionKey(service, number));
  }

  /** Oldest first. */
  rolloutsOf(service: ServiceName): readonly RolloutRecord[] {
    return this.#store.of('rollouts', service).toSorted((a, b) => a.order - b.order);
  }

  newestRollout(service: ServiceName): RolloutRecord | undefined {
    let newest: RolloutRecord | undefined;
    for (const record of this.#store.of('rollouts', service)) {
      if (record.order > (newest?.order ?? 0)) newest = record;
    }
    return newest;
  }

  rolloutsOfDeploy(deployId: string): readonly RolloutRecord[] {
    return this.#store
      .all('rollouts')
      .filter(({ rollout }) => rollout.deployId === deployId)
      .sort((a, b) => a.order - b.order);
  }

  highestRolloutOrder(): number {
    return this.#store.all('rollouts').reduce((highest, record) => Math.max(highest, record.order), 0);
  }

  deploy(id: string): DeployRecord | undefined {
    return this.#store.get('deploys', id);
  }

  newestDeploy(): DeployRecord | undefined {
    return this.#store.all('deploys').at(-1);
  }

  notes(replica: ReplicaId): ReplicaNotes | undefined {
    return this.#store.get('replicas', replica);
  }

  notesOf(service: ServiceName): readonly ReplicaNotes[] {
    return this.#store.of('replicas', service);
  }

  slotsOf(service: ServiceName): readonly SlotRecord[] {
    return this.#store.of('slots', service);
  }

  slot(service: ServiceName, revision: RevisionNumber, slot: Slot): SlotRecord | undefined {
    return this.#store.get('slots', slotKey(service, revision, slot));
  }

  settings(): Settings {
    return this.#store.get('settings', settingsKey) ?? noSettings;
  }
}

/** One change per kind of row; the keys are made here and nowhere else. */
export const put = {
  service: (row: ServiceRecord): Change => ({ table: 'services', key: row.service, row }),
  revision: (row: Revision): Change => ({ table: 'revisions', key: revisionKey(row.service, row.number), row }),
  rollout: (row: RolloutRecord): Change => ({ table: 'rollouts', key: row.rollout.id, row }),
  notes: (row: ReplicaNotes): Change => ({ table: 'replicas', key: row.id, row }),
  slot: (row: SlotRecord): Change => ({ table: 'slots', key: slotKey(row.service, row.revision, row.slot), row }),
  deploy: (row: DeployRecord): Change => ({ table: 'deploys', key: row.id, row }),
  settings: (row: Settings): Change => ({ table: 'settings', key: settingsKey, row }),
} as const;

export const drop = {
  revision: (row: Revision): Change => ({
    table: 'revisions',
    key: revisionKey(row.service, row.number),
    row: undefined,
  }),
  rollout: (row: RolloutRecord): Change => ({ table: 'rollouts', key: row.rollout.id, row: undefined }),
  notes: (replica: ReplicaId): Change => ({ table: 'replicas', key: replica, row: undefined }),
  slot: (row: SlotRecord): Change => ({
    table: 'slots',
    key: slotKey(row.service, row.revision, row.slot),
    row: undefined,
  }),
  deploy: (row: DeployRecord): Change => ({ table: 'deploys', key: row.id, row: undefined }),
} as const;

export const newNotes = (id: ReplicaId, service: ServiceName): ReplicaNotes => ({
  id,
  service,
  readyAt: undefined,
  unroutedAt: undefined,
  drainingSince: undefined,
  signalledAt: [],
});

const settingsKey = 'project';
const revisionKey = (service: ServiceName, number: RevisionNumber): string => `${service}/${number}`;
const slotKey = (service: ServiceName, revision: RevisionNumber, slot: Slot): string =>
  `${service}/${revision}/${slot}`;

const noSettings: Settings = {
  place: undefined,
  platform: undefined,
  variables: {},
  buildArgs: {},
  privatePorts: {},
  publicPort: undefined,
  generation: 0,
};

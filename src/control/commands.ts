import type { Builder } from '../build/index.ts';
import { Places } from '../lib/index.ts';
import { clientLimits, projectTls } from '../manifest/index.ts';
import type { ReleaseRemoval, RevisionNumber, ServiceName } from '../model/index.ts';
import { isFinished, serviceName } from '../model/index.ts';
import type { DeployRequest, DeployResult, RollbackRequest, ScaleRequest, ServiceRequest } from '../protocol/index.ts';
import { appliedRecord, changesRoutes, goneServices, isTakenBack, unwanted, whyNew } from './changes.ts';
import type { HashedSpec } from './changes.ts';
import type { Desired, DesiredReader, Overrides } from './desired.ts';
import { problemsError } from './desired.ts';
import type { EventLog } from './event-log.ts';
import { eventsOf, inPlaceChanges, rowsOf } from './in-place.ts';
import type { InPlaceChange } from './in-place.ts';
import { isSame } from './input-hash.ts';
import { put } from './records.ts';
import type { Records } from './records.ts';
import { refuseSecond, requireKnown, unknownRevision, unknownService } from './refusals.ts';
import { imageOf, releaseBack, serviceBack } from './rollback.ts';
import type { NewRevision, RolloutStarter, WhyDeploy } from './rollouts.ts';
import type { SpecHasher } from './spec-hasher.ts';
import type { Change, DeployRecord, RolloutRecord, ServiceRecord, Settings, StateStore } from './store/index.ts';

export interface CommandsParts {
  readonly store: StateStore;
  readonly records: Records;
  readonly reader: DesiredReader;
  readonly hasher: SpecHasher;
  readonly builder: Builder;
  readonly starter: RolloutStarter;
  readonly events: EventLog;
  readonly onWantedChanged: (service: ServiceName) => void;
  readonly onRoutesChanged: () => void;
  readonly onAborted: (service: ServiceName, revision: RevisionNumber) => void;
}

/** How an apply came about. */
export interface ApplyOptions {
  readonly cause: string;
  /** Asked for by a person: what failed is tried again. */
  readonly retryFailed: boolean;
  readonly by?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Only these services' sources may have changed; undefined: any. */
  readonly touched?: ReadonlySet<ServiceName>;
  /** Leaves services that are in no manifest any more as they are: see `missing`. */
  readonly sparesMissing?: boolean;
}

/** What changes what is wanted, one command at a time: each sees what the one before decided. */
export class Commands {
  readonly #parts: CommandsParts;
  readonly #turns = new Places(1);

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  apply(options: ApplyOptions, signal: AbortSignal): Promise<DeployResult> {
    return this.#turns.take(async () => {
      const settings = this.#parts.records.settings();
      const after = { ...settings, buildArgs: { ...settings.buildArgs, ...options.buildArgs } };
      const hashed = await this.#readHashed(after, signal, options.touched);
      return this.#rollOut({ ...options, settings: this.#withEdges(after), hashed, forced: undefined });
    });
  }

  /** Wanted services that the manifests, as last read, do not name, and that were not brought back all the same. */
  missing(): readonly ServiceName[] {
    return this.#gone()
      .filter(({ broughtBack }) => broughtBack !== true)
      .map(({ service }) => service);
  }

  deploy(request: DeployRequest, signal: AbortSignal): Promise<DeployResult> {
    return this.#turns.take(async () => {
      const settings = this.overriddenBy(request);
      const hashed = await this.#readHashed(settings, signal, undefined);
      const forced = request.services.length === 0 ? undefined : new Set(request.services.map(serviceName));
      for (const name of forced ?? []) requireKnown(name, hashed);
      const why = { cause: request.cause ?? 'deploy by hand', by: request.by };
      return this.#rollOut({ ...why, retryFailed: true, settings: this.#withEdges(settings), hashed, forced });
    });
  }

  rollback(request: RollbackRequest, signal: AbortSignal): Promise<DeployResult> {
    return this.#turns.take(async () => {
      const { by, service, revision, release } = request;
      if (release !== undefined) {
        const revisions = await releaseBack(this.#parts, release, signal);
        return this.#begin({ cause: `rollback to release ${release}`, by }, revisions, []);
      }
      const back = await serviceBack(this.#parts, this.#known(service ?? ''), revision, signal);
      return this.#begin({ cause: back.cause, by }, [back], []);
    });
  }

  restart(request: ServiceRequest, signal: AbortSignal): Promise<DeployResult> {
    return this.#turns.take(async () => {
      const record = this.#known(request.service);
      const running = this.#parts.records.revision(record.service, record.active ?? 0);
      if (running === undefined)
        throw unknownRevision(record.service, 'nothing of it ever ran, so nothing can restart');
      const image = await imageOf(this.#parts.builder, running, signal);
      const revision: NewRevision = { spec: running.spec, specHash: running.specHash, cause: 'restart', image, record };
      return this.#begin({ cause: 'restart', by: request.by }, [revision], []);
    });
  }

  scale(request: ScaleRequest): Promise<DeployResult> {
    return this.#turns.take(async () => {
      const { replicasBefore: _, ...record } = this.#known(request.service);
      if (request.replicas > 1) refuseSecond(record);
      const cause = `scale to ${request.replicas}`;
      const result = this.#begin(
        { cause, by: request.by },
        [],
        [put.service({ ...record, scaledTo: request.replicas })],
      );
      const message = request.by === undefined ? cause : `${cause}, by ${request.by}`;
      this.#parts.events.add({ service: record.service, severity: 'info', reason: 'Scaled', message });
      this.#parts.onWantedChanged(record.service);
      return result;
    });
  }

  /** Nothing is wanted any more. */
  wantNothing(): Promise<void> {
    return this.#turns.take(async () => {
      const { store, records, onWantedChanged } = this.#parts;
      store.commit(records.services().flatMap((record) => unwanted(records, record)));
      for (const { service } of records.services()) onWantedChanged(service);
    });
  }

  /** The settings as they will be after that deploy. */
  overriddenBy(request: DeployRequest): Settings {
    const { records, reader } = this.#parts;
    const settings = records.settings();
    const given = Object.keys(request.variables).length > 0;
    const all = [...records.services().map(({ service }) => service), ...reader.last.specs.map(({ name }) => name)];
    const named = request.services.length > 0 ? request.services : [...new Set(all)];
    const added = given ? named.map((name) => [name, { ...settings.variables[name], ...request.variables }]) : [];
    return {
      ...settings,
      platform: request.platform ?? settings.platform,
      variables: { ...settings.variables, ...Object.fromEntries(added) },
    };
  }

  /** Waits for the command that is under way. */
  async close(): Promise<void> {
    this.#turns.clear();
    await this.#turns.idle();
  }

  async #readHashed(
    overrides: Overrides,
    signal: AbortSignal,
    touched: ReadonlySet<ServiceName> | undefined,
  ): Promise<readonly HashedSpec[]> {
    const desired: Desired = await this.#parts.reader.read(overrides, signal);
    if (desired.problems.length > 0) throw problemsError(desired.problems);
    return this.#parts.hasher.hash(desired.specs, touched, signal);
  }

  /** What the manifests that were just read say of the proxy's edges goes with the rest of what they say. */
  #withEdges({ tls: _tls, trustedProxies: _trusted, clientLimits: _limits, ...settings }: Settings): Settings {
    const { loaded } = this.#parts.reader.last;
    const tls = loaded === undefined ? undefined : projectTls(loaded);
    const trustedProxies = loaded?.project.spec.trustedProxies;
    const { platform, place } = settings;
    const environment = place?.environment ?? 'production';
    const limits = loaded === undefined ? undefined : clientLimits(loaded, { environment, platform });
    return {
      ...settings,
      ...(tls !== undefined && { tls }),
      ...(trustedProxies !== undefined && { trustedProxies }),
      ...(limits !== undefined && { clientLimits: limits }),
    };
  }

  #rollOut(what: {
    readonly cause: string;
    readonly by?: string | undefined;
    readonly retryFailed: boolean;
    readonly settings: Settings;
    readonly hashed: readonly HashedSpec[];
    readonly forced: ReadonlySet<ServiceName> | undefined;
    readonly sparesMissing?: boolean;
  }): DeployResult {
    const { records } = this.#parts;
    const { forced, hashed } = what;
    const revisions = hashed.flatMap((each): readonly NewRevision[] => {
      const why = whyNew(records, each, what.retryFailed);
      const isMeant = forced === undefined ? why !== undefined : forced.has(each.spec.name);
      if (!isMeant) return [];
      const record = appliedRecord(records.service(each.spec.name), each);
      return [
        { ...each, cause: forced === undefined ? `${what.cause}: ${why}` : what.cause, image: undefined, record },
      ];
    });
    const sparesAll = forced !== undefined || what.sparesMissing === true;
    const gone = sparesAll ? [] : what.retryFailed ? this.#gone().map(({ service }) => service) : this.missing();
    const isReplaced = new Set(revisions.map(({ record }) => record.service));
    const inPlace = inPlaceChanges(
      records,
      hashed.filter(({ spec }) => !isReplaced.has(spec.name)),
    );
    const settings = isSame(records.settings(), what.settings) ? [] : [put.settings(what.settings)];
    const removals = gone.flatMap((name) => unwanted(records, this.#known(name)));
    const changed = inPlace.flatMap(rowsOf);
    const changesEdges = !isSame(edgesOf(records.settings()), edgesOf(what.settings));
    const left = inPlace.filter(({ takenBack }) => takenBack !== undefined).map(({ after }) => after.service);
    const removed = gone.map((service) => ({
      service,
      from: records.service(service)?.active,
      outcome: 'removed' as const,
    }));
    const result = this.#begin({ ...what, removed }, revisions, [...settings, ...changed, ...removals], left);
    this.#tellWithoutRollout(gone, inPlace, changesEdges);
    return result;
  }

  #tellWithoutRollout(gone: readonly ServiceName[], inPlace: readonly InPlaceChange[], changesEdges: boolean): void {
    const { events, onAborted, onWantedChanged, onRoutesChanged } = this.#parts;
    for (const service of gone) {
      events.add({ service, severity: 'info', reason: 'ServiceRemoved', message: `${service} left the manifests` });
      onWantedChanged(service);
    }
    for (const change of inPlace) {
      for (const event of eventsOf(change)) events.add(event);
      const { takenBack, after } = change;
      if (takenBack !== undefined) onAborted(after.service, takenBack.rollout.to);
      onWantedChanged(after.service);
    }
    if (changesEdges || inPlace.some(({ before, after }) => changesRoutes(before, after))) onRoutesChanged();
  }

  /** Without anything new, what is still under way, and is not being left, is the answer: it can be followed. */
  #begin(
    why: WhyDeploy,
    revisions: readonly NewRevision[],
    others: readonly Change[],
    left: readonly ServiceName[] = [],
  ): DeployResult {
    const { starter, store, records } = this.#parts;
    const underWay = this.#newestUnderWay(left);
    if (revisions.length === 0 && underWay !== undefined) {
      const { deployId } = underWay.rollout;
      const changes = [...others, ...alsoRemoving(records.deploy(deployId), why.removed ?? [])];
      if (changes.length > 0) store.commit(changes);
      return { deployId, rollouts: records.rolloutsOfDeploy(deployId).map(({ rollout }) => rollout) };
    }
    const begun = starter.begin(why, revisions, others);
    return { deployId: begun.deployId, rollouts: begun.rollouts };
  }

  #newestUnderWay(left: readonly ServiceName[]): RolloutRecord | undefined {
    const { records } = this.#parts;
    return records
      .services()
      .flatMap((service) => {
        const newest = records.newestRollout(service.service);
        if (newest === undefined || isFinished(newest.rollout.phase)) return [];
        return left.includes(service.service) || isTakenBack(records, service, newest) ? [] : [newest];
      })
      .sort((a, b) => a.order - b.order)
      .at(-1);
  }

  #gone(): readonly ServiceRecord[] {
    return goneServices(this.#parts.records, this.#parts.reader.last.specs);
  }

  #known(name: string) {
    const record = this.#parts.records.service(serviceName(name));
    if (record === undefined)
      throw unknownService(
        name,
        this.#parts.records.services().map(({ service }) => service),
      );
    return record;
  }
}

/** What leaves while a deploy is under way belongs to that. */
const alsoRemoving = (deploy: DeployRecord | undefined, removed: readonly ReleaseRemoval[]): readonly Change[] =>
  deploy === undefined || removed.length === 0
    ? []
    : [put.deploy({ ...deploy, removed: [...(deploy.removed ?? []), ...removed] })];

const edgesOf = ({ tls, trustedProxies, clientLimits: limits }: Settings): unknown => [
  tls ?? null,
  trustedProxies ?? null,
  limits ?? null,
];

import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../lib/index.ts';
import type {
  Address,
  NewEvent,
  ObservedReplica,
  ReplicaId,
  ServiceName,
  TrafficSplit,
  Upstream,
} from '../model/index.ts';
import { PointsmanError } from '../model/index.ts';
import type { ProxyLink } from '../traffic/index.ts';
import { newNotes, put } from './records.ts';
import type { Records } from './records.ts';
import type { StateStore } from './store/index.ts';
import { ListeningAt } from './listening-at.ts';
import type { Served } from './routed-services.ts';
import { TableBuilder } from './table.ts';
import { poolOf } from './table-surroundings.ts';
import type { TableSurroundings } from './table-surroundings.ts';
import { GatheredChanges } from './gathered-changes.ts';
import { isSame } from './input-hash.ts';

export interface RoutesParts {
  readonly store: StateStore;
  readonly records: Records;
  readonly clock: Clock;
  readonly proxy: ProxyLink;
  readonly surroundings: TableSurroundings;
  /** The public hosts that lead to a pool, where several environments share the proxy; undefined: there is no such pool yet. */
  readonly hostsOf?: (pool: string) => readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** A replica's count or place in the routes changed. */
  readonly onChange: (service: ServiceName) => void;
  readonly onEvent: (event: NewEvent) => void;
}

interface Change {
  /** undefined: nobody moves, the table is to be built anew (domains, answers of the edge). */
  readonly service: ServiceName | undefined;
  readonly served: Served;
}

/**
 * What the proxy serves. One table is under way at a time; changes asked for meanwhile go together into the next. A
 * change is done when every worker acknowledged it and the requests left on those who went have been counted.
 */
export class Routes {
  readonly #parts: RoutesParts;
  readonly #tables: TableBuilder;
  readonly #listening: ListeningAt;
  readonly #changes = new GatheredChanges((changes: readonly Change[]) => this.#publish(changes));
  readonly #served = new Map<ServiceName, Served>();
  readonly #upstreams = new Map<ReplicaId, Upstream>();
  readonly #owners = new Map<ReplicaId, ServiceName>();
  readonly #inFlight = new Map<ReplicaId, number>();
  #generation: number;
  #proxyWarning: string | undefined;

  constructor(parts: RoutesParts) {
    this.#parts = parts;
    this.#tables = new TableBuilder(parts.surroundings, parts.records);
    this.#listening = new ListeningAt(parts);
    this.#generation = parts.records.settings().generation;
    this.#adopt();
    parts.proxy.onDraining((counts) => this.#noteCounts(counts));
    parts.proxy.onLost((reason) =>
      parts.onEvent({ severity: 'error', reason: 'ProxyLost', message: `the proxy is gone: ${reason}` }),
    );
    parts.proxy.onNotice((message) => parts.onEvent({ severity: 'warning', reason: 'ProxyNotice', message }));
    parts.proxy.onBack((hello) => this.#afterProxyRestart(hello.warning));
  }

  get generation(): number {
    return this.#generation;
  }

  /** Where the public listener really is; undefined before the first table. */
  get publicAddress(): Address | undefined {
    return this.#listening.public;
  }

  /** Where https is served; undefined: nowhere. */
  get secureAddress(): Address | undefined {
    return this.#listening.secure;
  }

  /** Where requests of ours are served and not sent to https. */
  get checksAddress(): Address | undefined {
    return this.#listening.checks;
  }

  /** What the proxy can't do with its state on disk; it serves all the same. */
  get proxyWarning(): string | undefined {
    return this.#proxyWarning;
  }

  routedOf(service: ServiceName): readonly ReplicaId[] {
    return this.#served.get(service)?.members ?? [];
  }

  /** How the acknowledged table divides its requests; undefined: every replica alike. */
  splitOf(service: ServiceName): TrafficSplit | undefined {
    return this.#served.get(service)?.split;
  }

  inFlightOf(replica: ReplicaId): number {
    return this.#inFlight.get(replica) ?? 0;
  }

  /** Under which names users reach a service now: its own, those that it was given for a while, or none while another has them. */
  hostsOf(service: ServiceName, own: readonly string[]): readonly string[] {
    return this.#parts.hostsOf?.(poolOf(this.#parts.surroundings, service)) ?? own;
  }

  /** Counts what is open, and makes sure that the proxy listens where it should. Throws PORT_TAKEN. */
  async begin(): Promise<void> {
    this.#noteUntold();
    await this.refreshCounts();
    const { surroundings, proxy } = this.#parts;
    const { reports = {} } = surroundings;
    const tells = proxy.hello.table?.reports ?? {};
    if (!this.#listening.isWhere(surroundings) || !isDeepStrictEqual(tells, reports)) await this.republish();
  }

  /** Where replicas are, as just observed: what a later change of members refers to. */
  learn(replicas: readonly ObservedReplica[]): void {
    for (const { id, service, revision, execution } of replicas) {
      this.#owners.set(id, service);
      const address = execution.kind === 'running' ? execution.address : undefined;
      const known = this.#upstreams.get(id);
      if (address === undefined || (known?.revision === revision && isSame(known.address, address))) continue;
      this.#upstreams.set(id, { id, revision, address });
    }
  }

  forget(replica: ReplicaId): void {
    this.#upstreams.delete(replica);
    this.#owners.delete(replica);
    this.#inFlight.delete(replica);
  }

  /** Resolves when exactly these serve. Throws what the proxy refused it with; then everything is as before. */
  serve(service: ServiceName, served: Served): Promise<void> {
    return this.#changes.ask({ service, served });
  }

  /** The same members with today's domains and answers. */
  republish(): Promise<void> {
    return this.#changes.ask({ service: undefined, served: { members: [] } });
  }

  /** Asks the proxy for all counts, those of routed replicas included. */
  async refreshCounts(): Promise<void> {
    const counts = await this.#parts.proxy.inFlight(this.#parts.signal);
    this.#inFlight.clear();
    for (const [replica, count] of Object.entries(counts)) this.#inFlight.set(replica as ReplicaId, count);
  }

  #adopt(): void {
    const { table, listeners, warning } = this.#parts.proxy.hello;
    this.#noteWarning(warning);
    this.#generation = Math.max(this.#generation, table?.generation ?? 0);
    this.#listening.note(listeners);
    for (const { service } of this.#parts.records.services()) {
      const pool = table?.pools.find(({ id }) => id === poolOf(this.#parts.surroundings, service));
      if (pool === undefined) continue;
      for (const upstream of pool.upstreams) {
        this.#upstreams.set(upstream.id, upstream);
        this.#owners.set(upstream.id, service);
      }
      const members = pool.upstreams.map((upstream) => upstream.id);
      this.#served.set(service, { members, ...(pool.split !== undefined && { split: pool.split }) });
    }
  }

  /** The supervisor before us ended between the proxy's word and its own note of it: who left is gone since now at the latest. */
  #noteUntold(): void {
    const { store, records, clock } = this.#parts;
    const settings = records.settings();
    if (settings.generation === this.#generation) return;
    const unroutedAt = clock.now();
    const changes = records.services().flatMap(({ service }) =>
      records
        .notesOf(service)
        .filter((notes) => notes.unroutedAt !== undefined && !this.routedOf(service).includes(notes.id))
        .map((notes) => put.notes({ ...notes, unroutedAt })),
    );
    store.record([put.settings({ ...settings, generation: this.#generation }), ...changes]);
  }

  /** In one table. */
  async #publish(changes: readonly Change[]): Promise<void> {
    const { proxy, signal } = this.#parts;
    const generation = Math.max(this.#generation, proxy.hello.table?.generation ?? 0) + 1;
    const changed = new Map<ServiceName, Served>();
    for (const { service, served } of changes) if (service !== undefined) changed.set(service, served);
    const left = [...changed].flatMap(([service, { members }]) => without(this.routedOf(service), members));
    // Noted before it happens: whoever takes over after a kill in between then knows how long they have been gone.
    if (left.length > 0) this.#noteLeft(left);
    const served = new Map([...this.#served, ...changed]);
    const table = this.#tables.build({ generation, served, upstreams: this.#upstreams });
    const published = await proxy.publish(table, signal);
    // Counted before anybody is told, so that nobody takes an uncounted replica for an idle one.
    if (left.length > 0) await this.#countLeft(left);
    this.#generation = published.generation;
    for (const [service, each] of changed) this.#served.set(service, each);
    this.#listening.note(published.listeners);
    this.#noteWarning(published.warning);
    this.#noteLeft(left);
  }

  async #countLeft(left: readonly ReplicaId[]): Promise<void> {
    try {
      await this.refreshCounts();
    } catch (error) {
      // A proxy that is gone has no connections left.
      if (!(error instanceof PointsmanError)) throw error;
      for (const id of left) this.#inFlight.set(id, 0);
    }
  }

  #noteLeft(left: readonly ReplicaId[]): void {
    const { store, records, clock } = this.#parts;
    const settings = records.settings();
    const now = clock.now();
    const changes = left.flatMap((id) => {
      const service = this.#owners.get(id);
      if (service === undefined) return [];
      return [put.notes({ ...(records.notes(id) ?? newNotes(id, service)), unroutedAt: now })];
    });
    store.record([put.settings({ ...settings, generation: this.#generation }), ...changes]);
  }

  #noteCounts(counts: Readonly<Record<ReplicaId, number>>): void {
    for (const [key, count] of Object.entries(counts)) {
      const replica = key as ReplicaId;
      this.#inFlight.set(replica, count);
      const service = this.#owners.get(replica);
      if (service !== undefined) this.#parts.onChange(service);
    }
  }

  #noteWarning(warning: string | undefined): void {
    if (warning !== undefined && warning !== this.#proxyWarning) this.#tellWarning(warning);
    this.#proxyWarning = warning;
  }

  #tellWarning(message: string): void {
    this.#parts.onEvent({ severity: 'warning', reason: 'ProxyStateUnusable', message });
  }

  /** It has got the last table again, and kept it: what was wrong with its file is past. */
  #afterProxyRestart(warning: string | undefined): void {
    if (warning !== undefined) this.#tellWarning(warning);
    this.#inFlight.clear();
    this.#parts.onEvent({
      severity: 'warning',
      reason: 'ProxyRestarted',
      message: 'the proxy had ended and was started again with its last table',
    });
    for (const service of this.#served.keys()) this.#parts.onChange(service);
  }
}

const without = (some: readonly ReplicaId[], others: readonly ReplicaId[]): readonly ReplicaId[] =>
  some.filter((id) => !others.includes(id));

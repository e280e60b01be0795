import type { Engine, EngineReplica } from '../engine/index.ts';
import type { HealthMonitor } from '../health/index.ts';
import type { Clock } from '../lib/index.ts';
import type { Instant, NewEvent, ObservedReplica, ServiceName } from '../model/index.ts';
import type { Crash } from '../plan/index.ts';
import { crashOf, lastLines } from './crash.ts';
import type { LiveFacts } from './live-facts.ts';
import { drop, newNotes, put } from './records.ts';
import type { Records } from './records.ts';
import { rulesOf } from './rules.ts';
import type { Routes } from './routes.ts';
import type { ReplicaNotes, SlotRecord, StateStore } from './store/index.ts';

export interface ObserverParts {
  readonly engine: Engine;
  readonly store: StateStore;
  readonly records: Records;
  readonly routes: Routes;
  readonly health: HealthMonitor;
  readonly live: LiveFacts;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewEvent) => void;
}

/** Engine facts, probe results, proxy counts and the store's notes, joined. Ends nobody asked for are written down on the way. */
export class Observer {
  readonly #parts: ObserverParts;

  constructor(parts: ObserverParts) {
    this.#parts = parts;
  }

  async observe(service: ServiceName): Promise<readonly ObservedReplica[]> {
    const { engine, routes, records, signal } = this.#parts;
    // One that is removed during the look loses its notes: without these its end would pass for a crash.
    const earlier = records.notesOf(service);
    const found = await engine.observe(service, signal);
    this.#forgetVanished(service, found);
    for (const replica of found) {
      this.#learnSeat(replica);
      this.#learnReady(replica);
    }
    const replicas = found.map((replica) => this.#join(replica, earlier));
    routes.learn(replicas);
    for (const replica of replicas) {
      if (replica.execution.kind === 'exited') await this.#noteEnd(replica);
      else this.#watchGate(replica);
    }
    return replicas;
  }

  /** A supervisor that was killed while the disk was full left no word of what it started: that number is used all the same. */
  #learnSeat({ service, revision, slot, attempt, startedAt }: EngineReplica): void {
    const { store, records } = this.#parts;
    const seat = records.slot(service, revision, slot);
    if ((seat?.lastAttempt ?? 0) >= attempt || records.revision(service, revision) === undefined) return;
    const firstStartedAt = seat?.firstStartedAt ?? startedAt;
    const crashes = seat?.crashes ?? [];
    store.record([put.slot({ service, revision, slot, lastAttempt: attempt, firstStartedAt, crashes })]);
  }

  /** Whoever serves was found ready once. Where the word of it is lost it is left again, for when it serves no more. */
  #learnReady({ id, service }: EngineReplica): void {
    const { store, records, routes, clock } = this.#parts;
    const notes = records.notes(id) ?? newNotes(id, service);
    if (notes.readyAt !== undefined || !routes.routedOf(service).includes(id)) return;
    store.record([put.notes({ ...notes, readyAt: clock.now() })]);
  }

  #join(replica: EngineReplica, earlier: readonly ReplicaNotes[]): ObservedReplica {
    const { records, routes, live } = this.#parts;
    const { id, service, revision, slot, attempt, image, state } = replica;
    const startedAt = this.#startOf(replica);
    const notes = records.notes(id) ?? earlier.find((each) => each.id === id) ?? newNotes(id, service);
    const routed = routes.routedOf(service).includes(id);
    return {
      id,
      service,
      revision,
      slot,
      attempt,
      image,
      startedAt,
      execution: state.kind === 'created' ? { kind: 'starting' } : state,
      readyAt: notes.readyAt,
      lastProbeFailure: live.probeFailure(id),
      routed,
      unroutedAt: routed ? undefined : notes.unroutedAt,
      inFlight: routes.inFlightOf(id),
      drainingSince: notes.drainingSince,
      signalledAt: notes.signalledAt,
      ...(notes.drainCommand !== undefined && { drainCommand: notes.drainCommand }),
      ...(notes.drainCheck !== undefined && { drainCheck: notes.drainCheck }),
    };
  }

  /** The engine reads another clock, or ours before somebody set it: a replica started when or after we began to, and before now. */
  #startOf({ service, revision, slot, attempt, startedAt }: EngineReplica): Instant {
    const { records, clock } = this.#parts;
    const now = clock.now();
    const seat = records.slot(service, revision, slot);
    const begunAt = (seat?.lastAttempt === attempt ? seat.lastStartedAt : seat?.firstStartedAt) ?? 0;
    return Math.min(begunAt <= now ? Math.max(startedAt, begunAt) : startedAt, now);
  }

  #watchGate(replica: ObservedReplica): void {
    const { health, records, live } = this.#parts;
    if (replica.readyAt !== undefined || replica.signalledAt.length > 0) {
      health.forget(replica.id);
      return;
    }
    const revision = records.revision(replica.service, replica.revision);
    if (replica.execution.kind !== 'running' || revision === undefined) return;
    const { address } = replica.execution;
    live.noteOwner(replica.id, replica.service);
    health.watch({ id: replica.id, address, startedAt: replica.startedAt }, rulesOf(records, revision).gate);
  }

  async #noteEnd(replica: ObservedReplica): Promise<void> {
    const { health, records, clock, signal, onEvent } = this.#parts;
    health.forget(replica.id);
    const seat = (): SlotRecord | undefined => records.slot(replica.service, replica.revision, replica.slot);
    const isKnown = (): boolean => (seat()?.crashes.at(-1)?.attempt ?? 0) >= replica.attempt;
    if (replica.execution.kind !== 'exited' || replica.signalledAt.length > 0 || isKnown()) return;
    const output = await lastLines(this.#parts, replica.id, signal);
    // Somebody who asked for the status may have come to know of it meanwhile.
    if (isKnown()) return;
    const { exit } = replica.execution;
    const isPlausible = exit.at >= replica.startedAt && exit.at <= clock.now();
    const crash = crashOf(replica.attempt, { ...exit, at: isPlausible ? exit.at : clock.now() }, output);
    this.#keep(replica, seat(), crash);
    onEvent({
      service: replica.service,
      revision: replica.revision,
      replica: replica.id,
      severity: 'warning',
      reason: 'ReplicaCrashed',
      message: [`${replica.id} ${crash.words}`, ...output.slice(-3)].join('\n'),
    });
  }

  #keep(replica: ObservedReplica, slot: SlotRecord | undefined, crash: Crash): void {
    const { store, records } = this.#parts;
    const revision = records.revision(replica.service, replica.revision);
    const resetAfter = revision?.spec.policy.restart.backoff.resetAfterSeconds ?? Number.POSITIVE_INFINITY;
    const ranLong = crash.at - replica.startedAt > resetAfter * 1000;
    store.record([
      put.slot({
        service: replica.service,
        revision: replica.revision,
        slot: replica.slot,
        lastAttempt: Math.max(replica.attempt, slot?.lastAttempt ?? 0),
        firstStartedAt: slot?.firstStartedAt ?? replica.startedAt,
        ...(slot?.lastStartedAt !== undefined && { lastStartedAt: slot.lastStartedAt }),
        crashes: ranLong ? [crash] : [...(slot?.crashes ?? []), crash],
      }),
    ]);
  }

  /** Notes of replicas that somebody removed behind our back. One being started has none yet. */
  #forgetVanished(service: ServiceName, found: readonly EngineReplica[]): void {
    const { records, store, health, live, routes } = this.#parts;
    for (const { id } of records.notesOf(service)) {
      if (found.some((replica) => replica.id === id)) continue;
      store.record([drop.notes(id)]);
      health.forget(id);
      live.forgetReplica(id);
      if (!routes.routedOf(service).includes(id)) routes.forget(id);
    }
  }
}

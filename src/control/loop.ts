import type { Engine } from '../engine/index.ts';
import type { Cancel, Clock } from '../lib/index.ts';
import { KeyedQueue } from '../lib/index.ts';
import type { Condition, ErrorReport, Instant, NewEvent, ServiceName } from '../model/index.ts';
import { errorReport, operationKey } from '../model/index.ts';
import { planService } from '../plan/index.ts';
import type { ServicePlan } from '../plan/index.ts';
import type { EngineState } from './engine-state.ts';
import type { Executor } from './executor.ts';
import type { LiveFacts } from './live-facts.ts';
import type { Observer } from './observer.ts';
import type { RolloutKeeper } from './rollout-keeper.ts';
import { situationOf } from './situation.ts';
import type { SituationParts } from './situation.ts';
import { SleepNotes } from './sleep-notes.ts';
import type { StateStore } from './store/index.ts';

const servicesAtOnce = 4;
/** Events are hints: whatever was missed is found by this look at everything. */
const resyncMs = 60_000;
const retryMs = 1000;

export interface LoopParts extends SituationParts {
  readonly engine: Engine;
  readonly engineState: EngineState;
  readonly observer: Observer;
  readonly executor: Executor;
  readonly keeper: RolloutKeeper;
  readonly live: LiveFacts;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: NewEvent) => void;
}

/** Names in, effects out: observe → plan → write down → execute, for one service at a time, again and again. */
export class Loop {
  readonly #parts: LoopParts;
  readonly #queue: KeyedQueue<ServiceName>;
  readonly #timers = new Map<ServiceName, Cancel>();
  readonly #failures = new Map<ServiceName, string>();
  readonly #startedAt: Instant;
  readonly #sleeps: SleepNotes;
  #cancelResync: Cancel = () => undefined;
  readonly #cancelSleep: Cancel;
  /** undefined: nothing waits to be written. */
  #cancelWriting: Cancel | undefined;
  #closed = false;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.now();
    this.#sleeps = new SleepNotes(parts);
    this.#cancelSleep = parts.clock.onSleep(() => this.#wakeUp());
    this.#queue = new KeyedQueue((service) => this.#work(service), servicesAtOnce);
  }

  /** Looks at everything now and from time to time. */
  begin(): void {
    this.addAll();
    this.#cancelResync = this.#parts.clock.after(resyncMs, () => {
      this.#parts.store.retry();
      this.begin();
    });
  }

  /** Nothing tells that a disk has room again, and what is only in memory is lost with the next kill. */
  #writeLater(): void {
    const { store, clock } = this.#parts;
    if (this.#closed || store.failure === undefined || this.#cancelWriting !== undefined) return;
    this.#cancelWriting = clock.after(retryMs, () => {
      this.#cancelWriting = undefined;
      if (store.retry()) this.addAll();
      else this.#writeLater();
    });
  }

  /** Anything may have happened meanwhile. */
  #wakeUp(): void {
    this.#sleeps.note();
    this.addAll();
  }

  add(service: ServiceName): void {
    if (!this.#closed && !this.#parts.signal.aborted) this.#queue.add(service);
  }

  addAll(): void {
    for (const record of this.#parts.records.services()) this.add(record.service);
  }

  /** Who waits for others may be able to go on now. */
  #addWaiting(): void {
    const { records } = this.#parts;
    for (const { service } of records.services()) {
      if (records.newestRollout(service)?.rollout.phase === 'waiting') this.add(service);
    }
  }

  /** Looks at nothing any more; waits for what is being looked at. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelResync();
    this.#cancelSleep();
    this.#cancelWriting?.();
    await this.#queue.close();
    for (const cancel of this.#timers.values()) cancel();
  }

  /** The engine answers again, or may have changed anything: nothing waits for its pause any longer. */
  #afterOutage(): void {
    this.#parts.executor.forgive();
    this.addAll();
  }

  async #work(service: ServiceName): Promise<void> {
    const { engineState } = this.#parts;
    try {
      await this.#reconcile(service);
      this.#failures.delete(service);
      if (engineState.noteReached()) this.#afterOutage();
    } catch (error) {
      if (!this.#parts.signal.aborted) this.#noteFailure(service, errorReport(error));
    }
    this.#writeLater();
  }

  #noteFailure(service: ServiceName, report: ErrorReport): void {
    const { code, message } = report;
    const { engineState, live, onEvent, clock } = this.#parts;
    this.#wakeAt(service, clock.now() + retryMs);
    if (code === 'ENGINE_UNREACHABLE') engineState.noteLost(message);
    else if (this.#failures.get(service) !== message) {
      onEvent({ service, severity: 'error', reason: 'LoopFailed', message });
    }
    this.#failures.set(service, message);
    live.setConditions(service, [
      ...live.conditions(service).filter(({ type }) => type !== 'Degraded'),
      this.#degraded(report),
    ]);
  }

  async #reconcile(service: ServiceName): Promise<void> {
    const { observer, executor, keeper, clock, live, engineState, signal } = this.#parts;
    await engineState.prepare(signal);
    // Taken before the look at the replicas: what ends in between is then still held back, and looked at again.
    const running = executor.busyKeys();
    const replicas = await observer.observe(service);
    const now = clock.now();
    this.#sleeps.note();
    const situation = situationOf(this.#parts, service, {
      now,
      watchedSince: this.#startedAt,
      replicas,
      running,
    });
    const plan = planService(situation);
    const kept = await keeper.keep(service, plan, replicas);
    if (kept === 'stale') return this.add(service);
    live.setConditions(service, this.#conditions(service, plan));
    if (plan.rollout?.phase !== situation.rollout?.phase) live.forgetProgress(service);
    if (plan.standing !== undefined) live.say(service, plan.standing);
    executor.forgetUnplanned(service, new Set(plan.operations.map(operationKey)));
    for (const operation of plan.operations) executor.begin(operation);
    this.#wakeAt(service, plan.wakeAt);
    live.changes.send(service);
    if (kept === 'moved') this.#addWaiting();
  }

  #conditions(service: ServiceName, plan: ServicePlan): readonly Condition[] {
    const failure = this.#parts.executor.failureOf(service) ?? this.#parts.store.failure;
    if (failure === undefined) return plan.conditions;
    return [...plan.conditions.filter(({ type }) => type !== 'Degraded'), this.#degraded(failure)];
  }

  #degraded({ code, message, fix }: Failure): Condition {
    const words = fix === undefined ? message : `${message.replace(/\.$/, '')}. ${fix}`;
    return { type: 'Degraded', status: 'true', reason: reasonOf(code), message: words, since: this.#parts.clock.now() };
  }

  #wakeAt(service: ServiceName, at: number | undefined): void {
    this.#timers.get(service)?.();
    this.#timers.delete(service);
    if (at === undefined) return;
    const wait = at - this.#parts.clock.now();
    this.#timers.set(
      service,
      this.#parts.clock.after(wait, () => this.add(service)),
    );
  }
}

/** As it was thrown, or as it was reported. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly fix?: string | undefined;
}

/** STATE_WRITE_FAILED → StateWriteFailed. */
const reasonOf = (code: string): string =>
  code
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

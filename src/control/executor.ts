import type { Cancel } from '../lib/index.ts';
import { Places } from '../lib/index.ts';
import type { Operation, RevisionNumber, ServiceName } from '../model/index.ts';
import { errorReport, operationKey } from '../model/index.ts';
import type { ErrorReport } from '../model/index.ts';
import type { Journal } from './journal.ts';
import { perform } from './operations/index.ts';
import type { OperationParts } from './operations/index.ts';

/** Starting replicas all at once starves those that serve. */
const startsAtOnce = 4;
const firstPauseMs = 500;
const longestPauseMs = 15_000;

export interface ExecutorParts extends OperationParts {
  readonly journal: Journal;
  /** An operation ended, or its pause after a failure did. */
  readonly onEnded: (service: ServiceName) => void;
}

interface Running {
  readonly kind: Operation['kind'];
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

interface Failed {
  readonly service: ServiceName;
  readonly count: number;
  readonly report: ErrorReport;
  readonly isPausing: boolean;
  readonly cancelPause: Cancel;
}

/**
 * Makes effects in the background, one per key at a time. What fails pauses longer each time before the planner may
 * ask for it again. It decides nothing.
 */
export class Executor {
  readonly #parts: ExecutorParts;
  readonly #running = new Map<string, Running>();
  readonly #failed = new Map<string, Failed>();
  readonly #starts = new Places(startsAtOnce);
  /** A service's pre-deploy commands run one after the other, also when a newer deploy superseded the first. */
  readonly #preDeploys = new Map<ServiceName, Promise<void>>();
  #closing = false;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** Keys the planner must leave alone: under way, or pausing after a failure. */
  busyKeys(): ReadonlySet<string> {
    const busy = new Set(this.#running.keys());
    for (const [key, failed] of this.#failed) if (failed.isPausing) busy.add(key);
    return busy;
  }

  /** Why an operation of the service does not succeed at present. */
  failureOf(service: ServiceName): ErrorReport | undefined {
    return [...this.#failed.values()].find((failed) => failed.service === service)?.report;
  }

  begin(operation: Operation): void {
    const key = operationKey(operation);
    if (this.#closing || this.busyKeys().has(key)) return;
    const abort = new AbortController();
    const ended = this.#run(operation, key, abort.signal).finally(() => {
      this.#running.delete(key);
      this.#parts.onEnded(operation.service);
    });
    this.#running.set(key, { abort, ended, kind: operation.kind });
  }

  /** Ends what only prepares a revision that is not wanted any more: its build and its checks. */
  cancelOf(service: ServiceName, revision: RevisionNumber): void {
    const stages = ['before', 'smoke', 'during', 'after'] as const;
    const common = { service, revision, cause: '' };
    const operations: Operation[] = [
      { kind: 'build', ...common },
      ...stages.map((stage) => ({ kind: 'verify', stage, ...common }) as const),
    ];
    for (const operation of operations) this.#running.get(operationKey(operation))?.abort.abort();
  }

  /** Failures of a service that lie in its past: nothing of what failed is wanted any more, or the engine is back. */
  forgive(): void {
    for (const failed of this.#failed.values()) failed.cancelPause();
    this.#failed.clear();
  }

  /** Operations that do not belong to what is planned now failed for the last time. */
  forgetUnplanned(service: ServiceName, planned: ReadonlySet<string>): void {
    for (const [key, failed] of this.#failed) {
      if (failed.service !== service || failed.isPausing || planned.has(key)) continue;
      this.#failed.delete(key);
    }
  }

  /** Aborts what is under way and waits for it. */
  close(): Promise<void> {
    for (const { abort } of this.#running.values()) abort.abort();
    return this.settle();
  }

  /** Begins nothing any more and waits for starts that are under way: one given up half-way may still leave a replica. */
  async settle(): Promise<void> {
    this.#closing = true;
    this.forgive();
    for (const { abort, kind } of this.#running.values()) if (kind !== 'start') abort.abort();
    await Promise.allSettled([...this.#running.values()].map(({ ended }) => ended));
  }

  async #run(operation: Operation, key: string, signal: AbortSignal): Promise<void> {
    const { journal } = this.#parts;
    const entry = journal.begin(operation);
    try {
      await this.#inTurn(operation, signal);
      this.#failed.delete(key);
      journal.end(entry, 'done');
    } catch (error) {
      journal.end(entry, signal.aborted ? 'cancelled' : errorReport(error));
      if (!signal.aborted) this.#pause(operation, key, error);
    }
  }

  async #inTurn(operation: Operation, signal: AbortSignal): Promise<void> {
    const act = async (): Promise<void> => {
      signal.throwIfAborted();
      await perform(operation, this.#parts, signal);
    };
    if (operation.kind === 'start') return this.#starts.take(act);
    if (operation.kind !== 'pre-deploy') return act();
    const before = this.#preDeploys.get(operation.service) ?? Promise.resolve();
    const ended = before.catch(() => undefined).then(act);
    this.#preDeploys.set(operation.service, ended);
    return ended;
  }

  #pause(operation: Operation, key: string, error: unknown): void {
    const { service } = operation;
    const report = errorReport(error);
    const before = this.#failed.get(key);
    const count = (before?.count ?? 0) + 1;
    const cancelPause = this.#parts.clock.after(Math.min(longestPauseMs, firstPauseMs * 2 ** (count - 1)), () => {
      this.#failed.set(key, { service, count, report, isPausing: false, cancelPause: () => undefined });
      this.#parts.onEnded(service);
    });
    this.#failed.set(key, { service, count, report, isPausing: true, cancelPause });
    if (before?.report.message === report.message) return;
    this.#parts.onEvent({
      service,
      severity: 'error',
      reason: 'OperationFailed',
      message: `${operation.kind}: ${report.message}`,
    });
  }
}

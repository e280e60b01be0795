import { PointsmanError } from '../../model/index.ts';
import { untilAbort } from '../until-abort.ts';
import { RunnerConnection } from './connection.ts';
import { launchRunner } from './launch-runner.ts';
import type { RunnerMethod, RunnerParams, RunnerResult } from './messages.ts';
import type { ScopeFolder } from './scope-folder.ts';

/** A runner can be ending just when we connect, or another engine's be beginning. */
const attempts = 5;

/** The engine's one way to the runner of its scope: connects when needed, and starts a runner where there is none. */
export class RunnerLink {
  readonly #folder: ScopeFolder;
  readonly #connectionWaiters = new Set<() => void>();
  readonly #closing = new AbortController();
  #connection: RunnerConnection | undefined;
  #connecting: Promise<RunnerConnection> | undefined;

  constructor(folder: ScopeFolder) {
    this.#folder = folder;
  }

  async request<Method extends RunnerMethod>(
    method: Method,
    params: RunnerParams<Method>,
    signal: AbortSignal,
  ): Promise<RunnerResult<Method>> {
    const connection = await this.connect(signal);
    try {
      return await connection.request(method, params, signal);
    } catch (error) {
      // It ended meanwhile, on purpose or not. Every request is idempotent, so it can be asked of the next one.
      if (connection.isOpen || signal.aborted) throw error;
    }
    return await (await this.connect(signal)).request(method, params, signal);
  }

  async connect(signal: AbortSignal): Promise<RunnerConnection> {
    signal.throwIfAborted();
    if (this.#connection?.isOpen === true) return this.#connection;
    // Several may wait for it: it goes on when one of them gives up.
    this.#connecting ??= this.#establish().finally(() => {
      this.#connecting = undefined;
    });
    return await untilAbort(this.#connecting, signal);
  }

  /** After a goodbye: waits until something else needs a runner, or the abort. */
  nextConnection(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#connectionWaiters.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new DOMException('the engine was closed', 'AbortError'));
    await this.#connecting?.catch(() => undefined);
    await this.#connection?.close();
  }

  async #establish(): Promise<RunnerConnection> {
    const connection = await this.#open(this.#closing.signal);
    this.#connection = connection;
    for (const wake of this.#connectionWaiters) wake();
    this.#connectionWaiters.clear();
    return connection;
  }

  async #open(signal: AbortSignal): Promise<RunnerConnection> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const connection = await RunnerConnection.open(this.#folder.socket, signal);
      if (connection !== undefined) return connection;
      await launchRunner(this.#folder, signal);
    }
    throw new PointsmanError('ENGINE_UNREACHABLE', {
      message: 'The process runner starts but can not be connected to.',
      fix: `See ${this.#folder.runnerLog}.`,
    });
  }
}

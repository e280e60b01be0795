import type { Engine, PreparedScope } from '../engine/index.ts';
import type { NewEvent } from '../model/index.ts';

/** Whether the engine answers, as last seen, and what it prepared for us. Changes are said once. */
export class EngineState {
  readonly #engine: Engine;
  readonly #onEvent: (event: NewEvent) => void;
  #lost: string | undefined;
  #prepared: PreparedScope | undefined;

  constructor(engine: Engine, onEvent: (event: NewEvent) => void) {
    this.#engine = engine;
    this.#onEvent = onEvent;
  }

  /** Why it does not answer; undefined while it does. */
  get lost(): string | undefined {
    return this.#lost;
  }

  get names(): PreparedScope['names'] {
    return this.#prepared?.names;
  }

  /** Network and zones stand before anything starts; an engine that was away is prepared anew. */
  async prepare(signal: AbortSignal): Promise<void> {
    this.#prepared ??= await this.#engine.prepare(signal);
  }

  /** For what somebody asked for now: refused while the engine is away, instead of waiting unseen. Throws ENGINE_UNREACHABLE. */
  async require(signal: AbortSignal): Promise<void> {
    if (this.#lost === undefined) return;
    await this.prepare(signal);
    this.noteReached();
  }

  noteLost(message: string): void {
    if (this.#lost === undefined) {
      this.#onEvent({
        severity: 'error',
        reason: 'EngineUnreachable',
        message: `${message} What runs goes on serving; rollouts go on when it answers again.`,
      });
    }
    this.#lost = message;
    this.#prepared = undefined;
  }

  /** Returns whether it had been lost. */
  noteReached(): boolean {
    if (this.#lost === undefined) return false;
    this.#lost = undefined;
    this.#onEvent({ severity: 'info', reason: 'EngineReachable', message: 'the engine answers again' });
    return true;
  }
}

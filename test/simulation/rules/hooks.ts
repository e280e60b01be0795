import type { ReplicaId } from '../../../src/model/index.ts';
import type { Life } from '../life.ts';
import type { World } from '../world.ts';
import type { Decisions } from './decisions.ts';
import type { Leaving } from './leaving.ts';
import type { Once } from './once.ts';

export type HookKind = 'drain command' | 'drain check';

interface Begun {
  readonly life: Life;
  readonly at: number;
  readonly seconds: number;
}

/** The drain command ends itself with the supervisor's clock; the drain check by the engine, which may be slow. */
const slackMs: { readonly [Kind in HookKind]: number } = { 'drain command': 1000, 'drain check': 130_000 };

/** A look may be as old as one call. */
const soonMs = 2000;
const lateMs = 130_000;

/** What replicas run to hand their work over: before the first signal, for so long at most, once unless a supervisor died. */
export class Hooks {
  readonly #world: World;
  readonly #decisions: Decisions;
  readonly #once: Once;
  readonly #leaving: Leaving;
  readonly #begun = new Map<string, Begun>();
  readonly #tried = new Set<ReplicaId>();

  constructor(world: World, decisions: Decisions, known: { readonly once: Once; readonly leaving: Leaving }) {
    this.#world = world;
    this.#leaving = known.leaving;
    this.#decisions = decisions;
    this.#once = known.once;
  }

  takeOver(earlier: Hooks): void {
    for (const replica of earlier.#tried) this.#tried.add(replica);
  }

  begin(kind: HookKind, replica: ReplicaId, seconds: number): void {
    const { life, time } = this.#world;
    if (!life.isAlive) return;
    const key = `${kind} ${replica}`;
    this.#once.before(key);
    if (kind === 'drain command') {
      this.#tried.add(replica);
      this.#leaving.tellEnding(replica);
    }
    const begun = { life, at: time.now, seconds };
    this.#begun.set(key, begun);
    time.after(seconds * 1000 + slackMs[kind], () => {
      if (this.#begun.get(key) !== begun || !life.isAlive) return;
      this.#world.fail('every wait has a deadline', `the ${key} still runs, with ${seconds} s to do so`);
    });
  }

  end(kind: HookKind, replica: ReplicaId): void {
    const key = `${kind} ${replica}`;
    const begun = this.#begun.get(key);
    this.#begun.delete(key);
    // The engine kills a check whose time is up and says so, if it can be reached; a command is given up by its caller.
    const isTimeUp =
      kind === 'drain command' && begun !== undefined && this.#world.time.now >= begun.at + begun.seconds * 1000;
    if (isTimeUp && begun.life.isAlive) this.#once.done(begun.life, key);
  }

  beforeSignal(replica: ReplicaId): void {
    const { containers, life, time, wasSlow } = this.#world;
    const container = containers.all.get(replica);
    if (!life.isAlive || container?.state !== 'running' || container.signalledAt !== undefined) return;
    // One that was only just seen being made has no work yet, and nobody knows that it runs.
    if (time.now < container.startedAt + (wasSlow ? lateMs : soonMs)) return;
    const asks = this.#decisions.always(
      container.start.service,
      ({ policy }) => policy.handover?.command !== undefined,
    );
    if (!asks) return;
    const isRunning = this.#begun.get(`drain command ${replica}`)?.life === life;
    if (this.#tried.has(replica) && !isRunning) return;
    const words = `${replica} is signalled ${isRunning ? 'while' : 'before'} it hands its work over`;
    this.#world.fail('nothing is ended before its drain is over', words);
  }
}

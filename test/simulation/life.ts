import type { StateStore } from '../../src/control/store/index.ts';
import type { Clock, Sleep } from '../../src/lib/clock.ts';
import { neverBack } from '../../src/lib/clock.ts';
import { PointsmanError } from '../../src/model/index.ts';
import type { DeathAt } from './scenario.ts';
import type { World } from './world.ts';

/** What a call does when it arrives, and what its caller hears. */
export interface Call<Answer> {
  /** `start shop-sim-web-r1-0-1`. */
  readonly words: string;
  readonly milliseconds: number;
  /** Why nobody answers; undefined: all is well. */
  readonly refusal: () => PointsmanError | undefined;
  readonly effect: () => Answer;
  /** Once answered, it must not be asked for again. */
  readonly key?: string;
  /** Looking changes nothing, and is no place to die at. */
  readonly isLook?: boolean;
}

/** It reads the time at least as often. */
const beatMs = 5000;

/**
 * One supervisor process. Whatever its code does after its death has no effect and is never answered, as if the
 * process had been killed at that instruction.
 */
export class Life {
  readonly #world: World;
  store: StateStore | undefined;
  /** Long work that it has not been answered about and has not given up. */
  readonly waitsFor = new Set<string>();
  #alive = true;
  #deadForMs = 0;
  readonly #sleeps: Sleep[] = [];
  readonly #onSleep = new Set<() => void>();
  /** When it last read the time. */
  #readAt = 0;
  #armed: { calls: number; readonly when: DeathAt; readonly forMs: number } | undefined;
  readonly clock: Clock;
  readonly bornAt: number;

  constructor(world: World) {
    this.#world = world;
    this.bornAt = world.time.now;
    const read = neverBack(() => world.timeOfDay);
    this.clock = {
      now: () => (this.#readAt = read()),
      sleeps: this.#sleeps,
      onSleep: (callback) => {
        this.#onSleep.add(callback);
        return () => void this.#onSleep.delete(callback);
      },
      after: (milliseconds, callback) =>
        world.time.after(milliseconds, () => {
          if (this.#alive) callback();
        }),
    };
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  /**
   * The machine sleeps: its clock goes on meanwhile, and nothing else does. Not where nobody would notice, or could
   * leave a word of it for who comes next: then it is time like any other.
   */
  sleep(ms: number): void {
    const world = this.#world;
    if (!this.#alive || this.#armed !== undefined || this.#onSleep.size === 0 || world.disk.isFull) return;
    const from = Math.max(this.#readAt, this.clock.now() - beatMs);
    world.clockBehindMs -= ms;
    this.#sleeps.push({ from, to: this.clock.now() });
    this.#onSleep.forEach((callback) => callback());
  }

  end(): void {
    this.#alive = false;
  }

  /** Lets it die at the so-manieth effect from now on. */
  arm(calls: number, when: DeathAt, forMs: number): void {
    this.#armed = { calls, when, forMs };
  }

  /** Whether the supervisor's life ends here, at an effect that begins. Counts the effect. */
  #diesAt(words: string): DeathAt | undefined {
    const armed = this.#armed;
    if (armed === undefined) return undefined;
    armed.calls -= 1;
    if (armed.calls > 0) return undefined;
    this.#armed = undefined;
    this.#deadForMs = armed.forMs;
    if (armed.when === 'before') this.#die(`before: ${words}`, armed.forMs);
    return armed.when;
  }

  /** A write to the state file: it is done, or not, before anything else happens. */
  write(effect: () => void): void {
    if (!this.#alive) return;
    const death = this.#diesAt('write down');
    if (death === 'before') return;
    effect();
    if (death === 'after') this.#die('right after: write down', this.#deadForMs);
  }

  /** Nobody who is dead is answered. */
  call<Answer>(signal: AbortSignal | undefined, call: Call<Answer>): Promise<Answer> {
    if (!this.#alive) return never();
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const death = call.isLook === true ? undefined : this.#diesAt(call.words);
    if (death === 'before') return never();
    return new Promise((resolve, reject) => {
      this.#world.time.after(call.milliseconds, () => {
        if (!this.#alive && !this.#world.scenario.weather.callsOutliveCaller) return;
        const refusal = call.refusal();
        if (refusal !== undefined) return this.#alive ? reject(refusal) : undefined;
        this.#arrive(call, death === 'after' ? undefined : { signal, resolve, reject });
        if (death === 'after' && this.#alive) this.#die(`right after: ${call.words}`, this.#deadForMs);
      });
    });
  }

  #arrive<Answer>(call: Call<Answer>, caller: Caller<Answer> | undefined): void {
    try {
      const answer = call.effect();
      if (!this.#alive || caller === undefined) return;
      if (caller.signal?.aborted === true) return caller.reject(caller.signal.reason);
      if (call.key !== undefined) this.#world.rules.done(this, call.key);
      caller.resolve(answer);
    } catch (error) {
      if (!(error instanceof PointsmanError)) throw error;
      if (this.#alive) caller?.reject(error);
    }
  }

  #die(words: string, forMs: number): void {
    this.#world.supervisorDies(words, forMs);
  }
}

interface Caller<Answer> {
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export const never = <Answer>(): Promise<Answer> => new Promise<Answer>(() => undefined);

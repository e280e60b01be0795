import type { Clock, Sleep } from '../../src/lib/index.ts';

/** Time that moves only when told. Between two timers everything that was set off by the first one comes to rest. */
export class VirtualClock implements Clock {
  readonly sleeps: Sleep[] = [];
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  onSleep(): () => void {
    return () => undefined;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, milliseconds), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  async advanceTo(instant: number): Promise<void> {
    for (;;) {
      await atRest();
      const next = this.#timers.reduce<{ at: number; callback: () => void } | undefined>(
        (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
        undefined,
      );
      if (next === undefined || next.at > instant) break;
      this.#now = next.at;
      this.#timers = this.#timers.filter((other) => other !== next);
      next.callback();
    }
    this.#now = instant;
  }
}

/** Promise reactions all run before the next turn of the event loop. */
const atRest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

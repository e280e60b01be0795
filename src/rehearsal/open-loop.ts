import type { RunClock } from './run-clock.ts';

/**
 * Calls `send` at a fixed rate, by absolute times: whatever the calls lead to, however late a timer fires, as many are
 * sent as time has passed. Each gets the time at which it should have started, so lateness counts as latency
 * (no coordinated omission).
 */
export class OpenLoop {
  readonly #clock: RunClock;
  readonly #intervalMs: number;
  readonly #send: (intendedStart: number) => void;
  readonly #origin: number;
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: RunClock, ratePerSecond: number, send: (intendedStart: number) => void) {
    this.#clock = clock;
    this.#intervalMs = 1000 / ratePerSecond;
    this.#send = send;
    this.#origin = clock.now();
    this.#sendDue();
  }

  /** What is due by now is still sent, so a run's count follows from its length. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#sendDue();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sendDue(): void {
    const now = this.#clock.now();
    for (let due = this.#due(); due <= now; due = this.#due()) {
      this.#sent += 1;
      this.#send(due);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sendDue(), Math.max(this.#due() - this.#clock.now(), 0));
  }

  #due(): number {
    return this.#origin + this.#sent * this.#intervalMs;
  }
}

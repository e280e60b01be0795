import type { Cancel, Clock } from '../lib/index.ts';
import type { Gate, Instant } from '../model/index.ts';
import { dueAfter } from '../model/index.ts';
import type { LookingProbe, ProbedReplica, ProbeLimits, ProbeResult } from './port.ts';

export interface GateWatchPorts {
  readonly clock: Clock;
  readonly runProbe: (probe: LookingProbe, limits: ProbeLimits) => Promise<ProbeResult>;
  readonly onReady: (at: Instant) => void;
  readonly onFailure: (words: string, attempt: number) => void;
}

/** Made once: with each error of its own comes a trace that nobody reads. */
const watchIsOver = new DOMException('nobody asks any more whether the replica is ready', 'AbortError');

/** One replica at its gate: try, wait, try, until enough successes in a row, the deadline, or the end of the watch. */
export class GateWatch {
  readonly #replica: ProbedReplica;
  readonly #gate: Gate;
  readonly #ports: GateWatchPorts;
  readonly #ended = new AbortController();
  #cancelTimer: Cancel = () => {};
  readonly #begunAt: Instant;
  #attempts = 0;
  #failures = 0;
  #successes = 0;

  constructor(replica: ProbedReplica, gate: Gate, ports: GateWatchPorts) {
    this.#replica = replica;
    this.#gate = gate;
    this.#ports = ports;
    this.#begunAt = ports.clock.now();
  }

  begin(): void {
    const { probe, schedule } = this.#gate;
    if (probe.kind === 'uptime') {
      const readyAt = this.#replica.startedAt + probe.seconds * 1000;
      this.#at(readyAt, () => this.#ports.onReady(Math.max(readyAt, this.#ports.clock.now())));
    } else {
      this.#at(this.#replica.startedAt + schedule.firstDelaySeconds * 1000, () => this.#try(probe));
    }
  }

  end(): void {
    this.#cancelTimer();
    this.#ended.abort(watchIsOver);
  }

  #at(instant: Instant, act: () => void): void {
    const wait = instant - this.#ports.clock.now();
    if (wait <= 0) act();
    else this.#cancelTimer = this.#ports.clock.after(wait, act);
  }

  #try(probe: LookingProbe): void {
    this.#attempts += 1;
    const limits = { timeoutSeconds: this.#gate.schedule.timeoutSeconds, signal: this.#ended.signal };
    void this.#ports.runProbe(probe, limits).then((result) => {
      if (!this.#ended.signal.aborted) this.#conclude(probe, result);
    });
  }

  #conclude(probe: LookingProbe, result: ProbeResult): void {
    const { clock, onReady, onFailure } = this.#ports;
    if (result.ok) {
      this.#successes += 1;
      if (this.#successes >= this.#gate.successes) {
        onReady(clock.now());
        return;
      }
    } else {
      this.#successes = 0;
      this.#failures += 1;
      onFailure(result.words, this.#attempts);
      if (this.#ended.signal.aborted) return;
    }
    this.#tryAgain(probe);
  }

  #tryAgain(probe: LookingProbe): void {
    const { clock } = this.#ports;
    const next = clock.now() + this.#waitSeconds() * 1000;
    // It can't have been late while nobody asked it. What lateness means, whoever asked for the watch decides.
    const since = Math.max(this.#replica.startedAt, this.#begunAt);
    if (next > dueAfter(clock.sleeps, since, this.#gate.deadlineSeconds * 1000)) return;
    this.#at(next, () => this.#try(probe));
  }

  /** A confirming success follows after the shortest pause of the list; failures walk down the list, whose last entry repeats. */
  #waitSeconds(): number {
    const waits = this.#gate.schedule.waitSeconds;
    const position = this.#successes > 0 ? 0 : Math.min(this.#failures, waits.length) - 1;
    return waits[position] ?? 1;
  }
}

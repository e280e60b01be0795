import type { EdgePolicy } from '../../model/index.ts';
import type { Upstream } from './upstream.ts';

/** Upstreams among which it makes no difference who answers. */
export class Balancer {
  readonly #balance: EdgePolicy['balance'];
  readonly #upstreams: readonly Upstream[];
  #turn: number;

  constructor(balance: EdgePolicy['balance'], upstreams: readonly Upstream[]) {
    this.#balance = balance;
    this.#upstreams = upstreams;
    // Several workers that all began with the first one would load it first.
    this.#turn = Math.floor(Math.random() * Math.max(upstreams.length, 1));
  }

  hasOther(upstream: Upstream): boolean {
    return this.#upstreams.some((one) => one !== upstream);
  }

  /** undefined when there is nobody. */
  next(): Upstream | undefined {
    return this.#pick(this.#upstreams);
  }

  /** undefined when there is nobody who was not tried yet. */
  nextUntried(tried: ReadonlySet<Upstream>): Upstream | undefined {
    return this.#pick(this.#upstreams.filter((upstream) => !tried.has(upstream)));
  }

  #pick(upstreams: readonly Upstream[]): Upstream | undefined {
    if (upstreams.length < 2) return upstreams[0];
    switch (this.#balance) {
      case 'random':
        return upstreams[Math.floor(Math.random() * upstreams.length)];
      case 'round-robin':
        this.#turn = (this.#turn + 1) % upstreams.length;
        return upstreams[this.#turn];
      case 'least-requests':
        return this.#leastBusy(upstreams);
    }
  }

  /** Begins at a different one each time, so that equals take turns. */
  #leastBusy(upstreams: readonly Upstream[]): Upstream | undefined {
    this.#turn = (this.#turn + 1) % upstreams.length;
    const rotated = [...upstreams.slice(this.#turn), ...upstreams.slice(0, this.#turn)];
    return rotated.reduce((best, next) => (next.inFlight < best.inFlight ? next : best));
  }
}

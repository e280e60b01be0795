/** Upper bounds in seconds. */
const bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** How long something took, as Prometheus counts it. */
export class Histogram {
  /** How many took at most as long as each bound says, and longer than the one before. */
  readonly #counts: number[] = [];
  #seconds = 0;
  #count = 0;

  add(milliseconds: number): void {
    const seconds = milliseconds / 1_000;
    const found = bounds.findIndex((bound) => seconds <= bound);
    const at = found < 0 ? bounds.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#seconds += seconds;
    this.#count += 1;
  }

  /** `label`: what stands behind the name, for a bound or for all. None where nothing was counted. */
  lines(label: (bound?: number | '+Inf') => string): string[] {
    if (this.#count === 0) return [];
    let below = 0;
    const buckets = bounds.map((bound, at) => {
      below += this.#counts[at] ?? 0;
      return `_bucket${label(bound)} ${below}`;
    });
    return [
      ...buckets,
      `_bucket${label('+Inf')} ${this.#count}`,
      `_sum${label()} ${this.#seconds}`,
      `_count${label()} ${this.#count}`,
    ];
  }
}

import { build } from 'hdr-histogram-js';
import type { PhaseSpan, Timeline, WorkloadResult } from '../model/index.ts';
import { longestOutage } from './outage.ts';
import { countByPhase } from './phases.ts';
import type { Sample } from './sample.ts';

export const bucketMs = 250;

/** What every kind of workload reports; the rest is added by the workload itself. */
export type LedgerResult = Omit<WorkloadResult, 'kind' | 'streams' | 'jobs'>;

/** One record per request, in any order. */
export class Ledger {
  readonly #samples: Sample[] = [];
  #failed = 0;

  get sent(): number {
    return this.#samples.length;
  }

  get failed(): number {
    return this.#failed;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    if (sample.cause !== undefined) this.#failed += 1;
  }

  /** `end`: when the load ended. */
  result(spans: readonly PhaseSpan[], end: number): LedgerResult {
    const failures = this.#samples.filter(({ cause }) => cause !== undefined);
    return {
      sent: this.#samples.length,
      ok: this.#samples.length - failures.length,
      failed: failures.length,
      failures: countCauses(failures),
      failuresByPhase: countByPhase(
        spans,
        failures.map(({ start }) => start),
      ),
      latencyMs: latency(this.#samples),
      longestOutageMs: longestOutage(this.#samples, end),
      timeline: requestTimeline(this.#samples, end),
    };
  }
}

const countCauses = (failures: readonly Sample[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { cause } of failures) {
    if (cause !== undefined) counts[cause] = (counts[cause] ?? 0) + 1;
  }
  return counts;
};

/** In the histogram: microseconds, three digits exact, which may round a percentile up beyond the largest value. */
const latency = (samples: readonly Sample[]): WorkloadResult['latencyMs'] => {
  const histogram = build({ numberOfSignificantValueDigits: 3, bitBucketSize: 32, autoResize: true });
  let max = 0;
  for (const { start, end, cause } of samples) {
    if (cause !== undefined) continue;
    max = Math.max(max, end - start);
    histogram.recordValue(Math.max(Math.round((end - start) * 1000), 1));
  }
  if (histogram.totalCount === 0) return { p50: 0, p99: 0, max: 0 };
  const at = (percentile: number): number =>
    roundTenth(Math.min(histogram.getValueAtPercentile(percentile) / 1000, max));
  return { p50: at(50), p99: at(99), max: roundTenth(max) };
};

export const requestTimeline = (samples: readonly Sample[], end: number): Timeline => {
  const ok = emptyBuckets(end);
  const failed = emptyBuckets(end);
  for (const { start, cause } of samples) countInBucket(cause === undefined ? ok : failed, start);
  return { bucketMs, ok, failed };
};

export const emptyBuckets = (end: number): number[] =>
  new Array<number>(Math.max(Math.ceil(end / bucketMs), 1)).fill(0);

/** What falls outside by a rounding counts in the nearest bucket, so that sums stay true. */
export const countInBucket = (buckets: number[], time: number): void => {
  const index = Math.min(Math.max(Math.floor(time / bucketMs), 0), buckets.length - 1);
  buckets[index] = (buckets[index] ?? 0) + 1;
};

const roundTenth = (value: number): number => Math.round(value * 10) / 10;

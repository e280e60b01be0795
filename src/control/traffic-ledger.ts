import type { Instant, RequestOutcome, RequestRecord, RevisionNumber, RevisionTraffic } from '../model/index.ts';

/** Longer than any window that is judged by. */
const keptMs = 15 * 60_000;
const bucketMs = 1000;

/** What happened in one second: how many requests ended, how many of them failed, how long the others took. */
interface Bucket {
  readonly at: Instant;
  requests: number;
  failed: number;
  /** Step of the scale → requests that took so long. */
  readonly took: Map<number, number>;
}

/**
 * What the proxy's ledger says of the pools that somebody wants to judge, per revision and second. Bounded by time and
 * by the steps of its scale, whatever the load.
 */
export class TrafficLedger {
  readonly #pools = new Map<string, Map<RevisionNumber, Bucket[]>>();
  /** By second, in order. */
  #lost: { readonly at: Instant; count: number }[] = [];

  /** Returns the watched pools that something new is known of. */
  note(records: readonly RequestRecord[], isWatched: (pool: string) => boolean): ReadonlySet<string> {
    const told = new Set<string>();
    for (const record of records) {
      const { pool, revision, passedOver } = record;
      if (pool === undefined || !isWatched(pool)) continue;
      if (revision !== undefined && isTelling(record)) {
        told.add(pool);
        this.#add(this.#bucketsOf(pool, revision), record);
      }
      // Users had their answer from another version, but it was no merit of this one.
      if (passedOver !== undefined) {
        told.add(pool);
        this.#add(this.#bucketsOf(pool, passedOver), { ...record, outcome: 'refused' });
      }
    }
    return told;
  }

  /** Per revision that was asked anything since then. */
  since(pool: string, since: Instant): readonly RevisionTraffic[] {
    const revisions = this.#pools.get(pool);
    if (revisions === undefined) return [];
    return [...revisions]
      .map(([revision, buckets]) =>
        summaryOf(
          revision,
          buckets.filter(({ at }) => at >= since),
        ),
      )
      .filter(({ requests }) => requests > 0);
  }

  /** Records that never came. Whose they were nobody knows. */
  noteLost(now: Instant, count: number): void {
    const at = Math.floor(now / bucketMs) * bucketMs;
    const last = this.#lost.at(-1);
    if (last?.at === at) last.count += count;
    else this.#lost = [...this.#lost.filter((each) => each.at >= at - keptMs), { at, count }];
  }

  lostSince(since: Instant): number {
    return this.#lost.reduce((sum, { at, count }) => (at + bucketMs > since ? sum + count : sum), 0);
  }

  /** Nobody judges it any more. */
  forget(pool: string): void {
    this.#pools.delete(pool);
  }

  #bucketsOf(pool: string, revision: RevisionNumber): Bucket[] {
    const revisions = this.#pools.get(pool) ?? new Map<RevisionNumber, Bucket[]>();
    this.#pools.set(pool, revisions);
    const buckets = revisions.get(revision) ?? [];
    revisions.set(revision, buckets);
    return buckets;
  }

  #add(buckets: Bucket[], { at, durationMs, outcome }: RequestRecord): void {
    const end = at + durationMs;
    const start = Math.floor(end / bucketMs) * bucketMs;
    const bucket = buckets.findLast((each) => each.at === start) ?? open(buckets, start);
    bucket.requests += 1;
    if (isFailure(outcome)) {
      bucket.failed += 1;
      return;
    }
    const step = stepOf(durationMs);
    bucket.took.set(step, (bucket.took.get(step) ?? 0) + 1);
  }
}

/** What each way of ending says about the version; undefined: nothing, be it the client's doing, a drain's, or a limit of ours. */
const verdicts: Readonly<Record<RequestOutcome, 'served' | 'failed' | undefined>> = {
  ok: 'served',
  'held-then-released': 'served',
  'app-error': 'failed',
  'no-upstream': 'failed',
  refused: 'failed',
  'connect-timeout': 'failed',
  reset: 'failed',
  truncated: 'failed',
  'response-timeout': 'failed',
  'client-gone': undefined,
  'bad-request': undefined,
  'tls-failed': undefined,
  'turned-away': undefined,
  'too-large': undefined,
  'too-long': undefined,
  overloaded: undefined,
  'unknown-host': undefined,
  redirected: undefined,
  'ended-by-drain': undefined,
  'cut-by-drain': undefined,
};

/** A tunnel lasts as long as both sides want it to. */
const isTelling = ({ outcome, status }: RequestRecord): boolean => verdicts[outcome] !== undefined && status !== 101;

const isFailure = (outcome: RequestOutcome): boolean => verdicts[outcome] === 'failed';

const open = (buckets: Bucket[], at: Instant): Bucket => {
  const bucket: Bucket = { at, requests: 0, failed: 0, took: new Map() };
  buckets.push(bucket);
  const [oldest] = buckets;
  if (oldest !== undefined && oldest.at < at - keptMs) buckets.shift();
  return bucket;
};

/** Each step is a twelfth of a doubling, so that a quantile is off by 3 % at most. */
const stepsPerDoubling = 12;
const stepOf = (ms: number): number => Math.round(Math.log2(ms + 1) * stepsPerDoubling);
const msOf = (step: number): number => 2 ** (step / stepsPerDoubling) - 1;

const summaryOf = (revision: RevisionNumber, buckets: readonly Bucket[]): RevisionTraffic => {
  const took = new Map<number, number>();
  for (const bucket of buckets) {
    for (const [step, count] of bucket.took) took.set(step, (took.get(step) ?? 0) + count);
  }
  const steps = [...took].sort(([one], [other]) => one - other);
  return {
    revision,
    requests: buckets.reduce((sum, { requests }) => sum + requests, 0),
    failed: buckets.reduce((sum, { failed }) => sum + failed, 0),
    p95Ms: quantile(steps, 0.95),
    p99Ms: quantile(steps, 0.99),
  };
};

const quantile = (steps: readonly (readonly [number, number])[], share: number): number => {
  const total = steps.reduce((sum, [, count]) => sum + count, 0);
  let left = Math.ceil(total * share);
  for (const [step, count] of steps) {
    left -= count;
    if (left <= 0) return msOf(step);
  }
  return 0;
};

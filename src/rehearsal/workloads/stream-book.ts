import type { PhaseSpan, Timeline, WorkloadResult } from '../../model/index.ts';
import { bucketMs, countInBucket, emptyBuckets, Ledger } from '../ledger.ts';
import { longestStreamOutage } from '../outage.ts';
import type { Interval } from '../outage.ts';
import { countByPhase } from '../phases.ts';
import type { LoadCounts } from '../target.ts';

/** One attempt to connect, and what became of it. */
export interface Connection {
  readonly start: number;
  /** When an event stream answered; undefined if none did. */
  readonly openedAt: number | undefined;
  readonly end: number;
  readonly failure: { readonly cause: string; readonly at: number } | undefined;
}

/** What all streams of a workload went through. */
export class StreamBook {
  readonly #ledger = new Ledger();
  readonly #open: Interval[] = [];
  readonly #down: Interval[] = [];
  readonly #failures: number[] = [];
  readonly #drops: number[] = [];
  #unfinished = 0;
  #resumed = 0;
  #eventsLost = 0;
  #longestGap = 0;

  begin(): void {
    this.#unfinished += 1;
  }

  end({ start, openedAt, end, failure }: Connection): void {
    this.#unfinished -= 1;
    if (openedAt !== undefined) this.#open.push({ start: openedAt, end });
    if (failure !== undefined) this.#failures.push(failure.at);
    this.#ledger.add({ start: failure?.at ?? start, end: failure?.at ?? openedAt ?? end, cause: failure?.cause });
  }

  dropped(at: number): void {
    this.#drops.push(at);
  }

  /** From a drop, or the failed attempt that made it one, until a stream opened again. */
  down(interval: Interval): void {
    this.#down.push(interval);
  }

  resumed(): void {
    this.#resumed += 1;
  }

  lost(events: number): void {
    this.#eventsLost += events;
  }

  gap(milliseconds: number): void {
    this.#longestGap = Math.max(this.#longestGap, milliseconds);
  }

  counts(): LoadCounts {
    const { sent, failed } = this.#ledger;
    return { sent: sent + this.#unfinished, ok: sent + this.#unfinished - failed, failed };
  }

  result(spans: readonly PhaseSpan[], end: number): WorkloadResult {
    return {
      kind: 'sse',
      ...this.#ledger.result(spans, end),
      longestOutageMs: longestStreamOutage(this.#open, this.#failures, end),
      streams: {
        opened: this.#open.length,
        dropped: this.#drops.length,
        droppedByPhase: countByPhase(spans, this.#drops),
        resumed: this.#resumed,
        eventsLost: this.#eventsLost,
        longestGapMs: Math.round(this.#longestGap),
      },
      timeline: this.#timeline(end),
    };
  }

  #timeline(end: number): Timeline {
    const drops = emptyBuckets(end);
    for (const at of this.#drops) countInBucket(drops, at);
    const during = (intervals: readonly Interval[], bucket: number): number => {
      const middle = (bucket * bucketMs + Math.min((bucket + 1) * bucketMs, end)) / 2;
      return intervals.filter((interval) => interval.start <= middle && middle < interval.end).length;
    };
    return {
      bucketMs,
      ok: drops.map((_, bucket) => during(this.#open, bucket)),
      // A drop that was over in less than a bucket shows too.
      failed: drops.map((dropped, bucket) => Math.max(during(this.#down, bucket), dropped)),
    };
  }
}

import type { RequestLimits as Allowed } from '../../model/index.ts';

/** What a pool allows one request; where it says nothing, infinitely much. */
export interface PoolLimits {
  readonly headBytes: number;
  readonly bodyBytes: number;
  readonly responseMs: number;
  readonly uploadMs: number;
  readonly silentMs: number;
  readonly totalMs: number;
}

const endless = Number.POSITIVE_INFINITY;

export const poolLimits = (allowed: Allowed = {}): PoolLimits => ({
  headBytes: allowed.headBytes ?? endless,
  bodyBytes: allowed.bodyBytes ?? endless,
  responseMs: (allowed.responseSeconds ?? endless) * 1_000,
  uploadMs: (allowed.uploadSeconds ?? endless) * 1_000,
  silentMs: (allowed.silentSeconds ?? endless) * 1_000,
  totalMs: (allowed.totalSeconds ?? endless) * 1_000,
});

/** Where a request stands. */
interface Standing {
  readonly startedAt: number;
  readonly isUploading: boolean;
  /** It is the application's turn, and nothing of its answer has come. */
  readonly isAwaited: boolean;
  /** Octets of content, both ways. */
  readonly moved: number;
}

/** How long one request has taken for what. Looked at now and then, so that no request pays for a timer of its own. */
export class RequestTimes {
  #awaitedSince: number | undefined;
  #moved = -1;
  #silentSince = 0;

  /** What it has taken too long for. */
  exceeded(
    limits: PoolLimits,
    now: number,
    { startedAt, isUploading, isAwaited, moved }: Standing,
  ): 'response' | 'upload' | 'all' | undefined {
    const { responseMs, uploadMs, silentMs, totalMs } = limits;
    if (!isAwaited) this.#awaitedSince = undefined;
    else this.#awaitedSince ??= now;
    if (moved !== this.#moved) {
      this.#moved = moved;
      this.#silentSince = now;
    }
    if (this.#awaitedSince !== undefined && now - this.#awaitedSince >= responseMs) return 'response';
    if (isUploading && now - startedAt >= uploadMs) return 'upload';
    return now - this.#silentSince >= silentMs || now - startedAt >= totalMs ? 'all' : undefined;
  }
}

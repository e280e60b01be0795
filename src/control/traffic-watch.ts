import type { Cancel, Clock } from '../lib/index.ts';
import type { Instant, RequestRecord, ServiceName } from '../model/index.ts';
import { isFinished } from '../model/index.ts';
import { analysedSince } from '../plan/index.ts';
import type { Situation } from '../plan/index.ts';
import type { ProxyLink } from '../traffic/index.ts';
import type { Records } from './records.ts';
import type { TableSurroundings } from './table-surroundings.ts';
import { poolOf } from './table-surroundings.ts';
import { TrafficLedger } from './traffic-ledger.ts';

export interface TrafficWatchParts {
  readonly proxy: Pick<ProxyLink, 'onLedger'>;
  readonly records: Records;
  readonly surroundings: Pick<TableSurroundings, 'project' | 'environment'>;
  readonly clock: Clock;
  /** There is more to judge by. */
  readonly onChange: (service: ServiceName) => void;
}

/** A judgement isn't better for being made more often. */
const betweenLooksMs = 1000;

/** Requests of services whose rollouts are judged by them. Of all others nothing is kept. */
export class TrafficWatch {
  readonly #parts: TrafficWatchParts;
  readonly #ledger = new TrafficLedger();
  readonly #looks = new Map<string, Cancel>();

  constructor(parts: TrafficWatchParts) {
    this.#parts = parts;
    parts.proxy.onLedger((records, lost, proxyNow) => this.#note(records, lost, proxyNow));
  }

  /** As far as the planner needs it now. */
  seen(service: ServiceName, now: Instant): Required<Pick<Situation, 'traffic' | 'lostRecords'>> {
    const { records, surroundings } = this.#parts;
    const pool = poolOf(surroundings, service);
    const rollout = records.newestRollout(service)?.rollout;
    const policy = records.service(service)?.policy;
    const { sleeps } = records.settings();
    if (rollout === undefined || policy === undefined || isFinished(rollout.phase)) {
      this.#ledger.forget(pool);
      return nothingSeen;
    }
    const since = analysedSince(rollout, policy, { now, sleeps });
    if (since === undefined) return nothingSeen;
    return { traffic: this.#ledger.since(pool, since), lostRecords: this.#ledger.lostSince(since) };
  }

  close(): void {
    for (const cancel of this.#looks.values()) cancel();
    this.#looks.clear();
  }

  #note(batch: Iterable<RequestRecord>, lost: number, proxyNow: Instant | undefined): void {
    const now = this.#parts.clock.now();
    if (lost > 0) this.#ledger.noteLost(now, lost);
    const judged = this.#judged();
    if (judged.size === 0) return;
    const records = [...batch];
    for (const pool of this.#ledger.note(inTime(records, now, proxyNow), (id) => judged.has(id))) {
      const service = judged.get(pool);
      if (service === undefined || this.#looks.has(pool)) continue;
      const look = (): void => {
        this.#looks.delete(pool);
        this.#parts.onChange(service);
      };
      this.#looks.set(pool, this.#parts.clock.after(betweenLooksMs, look));
    }
  }

  /** Pool → service, of rollouts that are under way and have something to judge. */
  #judged(): ReadonlyMap<string, ServiceName> {
    const { records, surroundings } = this.#parts;
    return new Map(
      records
        .services()
        .filter(({ service, policy }) => {
          const isJudged = policy.canary !== undefined || policy.bakeSeconds !== undefined;
          const rollout = isJudged ? records.newestRollout(service)?.rollout : undefined;
          return rollout !== undefined && !isFinished(rollout.phase);
        })
        .map(({ service }) => [poolOf(surroundings, service), service]),
    );
  }
}

const nothingSeen = { traffic: [], lostRecords: 0 } as const;

/** Batches come ten times a second. */
const toldWithinMs = 5000;

/**
 * The proxy tells the machine's time, which somebody may have set since we began. One of an older release does not say what its
 * clock shows: the last request of a batch ended just now.
 */
const inTime = (
  records: readonly RequestRecord[],
  now: Instant,
  proxyNow: Instant | undefined,
): readonly RequestRecord[] => {
  const last = records.reduce((latest, { at, durationMs }) => Math.max(latest, at + durationMs), 0);
  const behind = now - (proxyNow ?? last);
  if (Math.abs(behind) <= toldWithinMs) return records;
  return records.map((record) => ({ ...record, at: record.at + behind }));
};

import type { EdgePolicy, Pool as PoolEntry, RevisionNumber } from '../../model/index.ts';
import { Balancer } from './balancer.ts';
import { wholeHost } from './affinity.ts';
import type { CookieScope } from './affinity.ts';
import { Division } from './division.ts';
import { CompiledAnswer } from './edge-answer.ts';
import { poolLimits } from './request-limits.ts';
import type { PoolLimits } from './request-limits.ts';
import type { Upstream } from './upstream.ts';

export interface PoolOptions {
  /** The same pool in another table or under another route: its turns go on. */
  readonly before?: Pool | undefined;
  readonly cookieScope?: CookieScope;
}

/** The upstreams of one service in one table. */
export class Pool {
  readonly id: string;
  readonly edge: EdgePolicy;
  readonly noUpstream: CompiledAnswer;
  readonly limits: PoolLimits;
  /** Set where it matters which request goes where. */
  readonly division: Division | undefined;
  readonly cookieScope: CookieScope;
  readonly #balancer: Balancer;

  constructor(entry: PoolEntry, upstreams: readonly Upstream[], more: PoolOptions = {}) {
    this.id = entry.id;
    this.edge = entry.edge;
    this.limits = poolLimits(entry.edge.limits);
    this.noUpstream = new CompiledAnswer(entry.edge.noUpstream);
    this.#balancer = new Balancer(entry.edge.balance, upstreams);
    const isDivided = entry.split !== undefined || entry.affinity !== undefined;
    this.division = isDivided ? new Division(entry, upstreams, more.before?.division) : undefined;
    this.cookieScope = more.cookieScope ?? wholeHost;
  }

  hasOther(upstream: Upstream): boolean {
    return this.#balancer.hasOther(upstream);
  }

  /** Prefers those that were not tried yet. */
  choose(tried: ReadonlySet<Upstream> | undefined): Upstream | undefined {
    if (tried === undefined) return this.#balancer.next();
    return this.#balancer.nextUntried(tried) ?? this.#balancer.next();
  }
}

/** What a preview address leads to: the pool with nobody but one revision in it. */
export const onlyRevision = (
  entry: PoolEntry,
  revision: RevisionNumber,
  upstreams: readonly Upstream[],
  cookieScope: CookieScope,
): Pool => {
  const { split: _split, affinity, ...rest } = entry;
  const those = upstreams.filter((upstream) => upstream.revision === revision);
  return new Pool(affinity?.to === 'replica' ? { ...rest, affinity } : rest, those, { cookieScope });
};

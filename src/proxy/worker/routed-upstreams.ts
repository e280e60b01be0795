import type { ReplicaId, Upstream as UpstreamEntry } from '../../model/index.ts';
import { Upstream } from './upstream.ts';
import type { UpstreamContext } from './upstream.ts';

/** Everybody whom the table names, and whom an earlier one named and who still has requests. */
export class RoutedUpstreams {
  readonly #context: UpstreamContext;
  readonly #routed = new Map<string, { readonly upstream: Upstream; pools: number }>();
  /** Nobody's any more, unless another pool of the same table takes it up. */
  readonly #left = new Set<string>();
  /** Left the table, with requests still on them. */
  readonly #dropped = new Set<Upstream>();

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  /** For one pool. One that stays keeps its connections and counts, whichever pool had it. */
  take(entry: UpstreamEntry): Upstream {
    const key = keyOf(entry);
    const known = this.#routed.get(key) ?? { upstream: new Upstream(entry, this.#context), pools: 0 };
    known.pools += 1;
    this.#routed.set(key, known);
    return known.upstream;
  }

  /** One pool has no use for it any more. */
  leave(upstream: Upstream): void {
    const key = keyOf(upstream);
    const known = this.#routed.get(key);
    if (known === undefined) return;
    known.pools -= 1;
    if (known.pools === 0) this.#left.add(key);
  }

  /** The table is complete: whom it does not name is dropped. */
  dropLeft(): void {
    const dropped: Upstream[] = [];
    for (const key of this.#left) {
      const known = this.#routed.get(key);
      if (known === undefined || known.pools > 0) continue;
      this.#routed.delete(key);
      this.#dropped.add(known.upstream);
      dropped.push(known.upstream);
    }
    this.#left.clear();
    for (const upstream of dropped) upstream.drop();
  }

  /** Every object that stands for this replica and left the table; a later table may name it again. */
  dropped(id: ReplicaId): readonly Upstream[] {
    return [...this.#dropped].filter((upstream) => upstream.id === id);
  }

  get all(): readonly Upstream[] {
    return [...[...this.#routed.values()].map(({ upstream }) => upstream), ...this.#dropped];
  }

  inFlight(): Readonly<Record<ReplicaId, number>> {
    return sumById(this.all);
  }

  /** Only what left the table, also where a later table names the same replica again. */
  droppedInFlight(): Readonly<Record<ReplicaId, number>> {
    return sumById([...this.#dropped]);
  }

  /** Called when the count of a dropped upstream was reported: at zero there is nothing left to remember. */
  forgetEmpty(upstream: Upstream): void {
    if (upstream.inFlight === 0) this.#dropped.delete(upstream);
  }
}

/** With another address or revision it is another one. */
const keyOf = ({ id, revision, address }: UpstreamEntry): string => `${id} ${revision} ${address.host} ${address.port}`;

const sumById = (upstreams: readonly Upstream[]): Record<ReplicaId, number> => {
  const counts: Record<ReplicaId, number> = {};
  for (const upstream of upstreams) counts[upstream.id] = (counts[upstream.id] ?? 0) + upstream.inFlight;
  return counts;
};

import type { ReplicaId } from '../../model/index.ts';
import type { Counts } from '../messages.ts';

/** Sums what workers say about upstreams that left the table. Zero is said once, and only after every worker has spoken. */
export class DrainCounts {
  readonly #say: (counts: Counts) => void;
  readonly #byWorker = new Map<number, Map<ReplicaId, number>>();
  readonly #changed = new Set<ReplicaId>();
  #publishing = 0;

  constructor(say: (counts: Counts) => void) {
    this.#say = say;
  }

  /** A table is on its way: some workers have dropped what others have not yet, so a sum would be too low. */
  begin(): void {
    this.#publishing += 1;
  }

  end(): void {
    this.#publishing -= 1;
    this.#tell();
  }

  update(worker: number, counts: Counts): void {
    const known = this.#byWorker.get(worker) ?? new Map<ReplicaId, number>();
    this.#byWorker.set(worker, known);
    for (const [id, count] of Object.entries(counts) as [ReplicaId, number][]) {
      known.set(id, count);
      this.#changed.add(id);
    }
    this.#tell();
  }

  /** What it carried ended with it. */
  workerGone(worker: number): void {
    for (const id of this.#byWorker.get(worker)?.keys() ?? []) this.#changed.add(id);
    this.#byWorker.delete(worker);
    this.#tell();
  }

  #tell(): void {
    if (this.#publishing > 0 || this.#changed.size === 0) return;
    const counts: Record<ReplicaId, number> = {};
    for (const id of this.#changed) {
      counts[id] = [...this.#byWorker.values()].reduce((sum, known) => sum + (known.get(id) ?? 0), 0);
      if (counts[id] === 0) for (const known of this.#byWorker.values()) known.delete(id);
    }
    this.#changed.clear();
    this.#say(counts);
  }
}

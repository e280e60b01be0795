import type { Condition, ReplicaId, ServiceName } from '../model/index.ts';
import { Broadcast } from './broadcast.ts';

/** What is known only while this supervisor runs: it is learnt anew after a restart. */
export class LiveFacts {
  /** A service whose report may read differently now. */
  readonly changes = new Broadcast<ServiceName>();
  readonly #progress = new Map<ServiceName, string>();
  readonly #probeFailures = new Map<ReplicaId, string>();
  readonly #owners = new Map<ReplicaId, ServiceName>();
  readonly #conditions = new Map<ServiceName, readonly Condition[]>();

  progress(service: ServiceName): string | undefined {
    return this.#progress.get(service);
  }

  say(service: ServiceName, line: string): void {
    this.#progress.set(service, line);
    this.changes.send(service);
  }

  /** What was said belongs to a rollout or a phase that is over. */
  forgetProgress(service: ServiceName): void {
    this.#progress.delete(service);
  }

  ownerOf(replica: ReplicaId): ServiceName | undefined {
    return this.#owners.get(replica);
  }

  noteOwner(replica: ReplicaId, service: ServiceName): void {
    this.#owners.set(replica, service);
  }

  probeFailure(replica: ReplicaId): string | undefined {
    return this.#probeFailures.get(replica);
  }

  noteProbeFailure(replica: ReplicaId, words: string): void {
    this.#probeFailures.set(replica, words);
  }

  forgetReplica(replica: ReplicaId): void {
    this.#probeFailures.delete(replica);
    this.#owners.delete(replica);
  }

  conditions(service: ServiceName): readonly Condition[] {
    return this.#conditions.get(service) ?? [];
  }

  /** An unchanged condition keeps the time since when it holds. */
  setConditions(service: ServiceName, conditions: readonly Condition[]): void {
    const before = this.conditions(service);
    this.#conditions.set(
      service,
      conditions.map((condition) => {
        const same = before.find(
          (old) => old.type === condition.type && old.status === condition.status && old.reason === condition.reason,
        );
        return same === undefined ? condition : { ...condition, since: same.since };
      }),
    );
  }
}

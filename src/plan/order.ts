import type { Rollout, ServiceName } from '../model/index.ts';
import { isFinished } from '../model/index.ts';
import type { DependencyState } from './situation.ts';

/** Who depends on whom, by name. Names that no service has were refused with the manifest. */
export type DependencyGraph = ReadonlyMap<ServiceName, readonly ServiceName[]>;

/** Waves in which services may begin: every service stands after all it depends on. Members of a cycle come last, together. */
export const deployOrder = (graph: DependencyGraph): readonly (readonly ServiceName[])[] => {
  const waves: ServiceName[][] = [];
  const done = new Set<ServiceName>();
  const left = new Set(graph.keys());
  while (left.size > 0) {
    const wave = [...left].filter((name) =>
      (graph.get(name) ?? []).every((need) => done.has(need) || !graph.has(need)),
    );
    const begun = (wave.length > 0 ? wave : [...left]).sort();
    waves.push(begun);
    for (const name of begun) {
      done.add(name);
      left.delete(name);
    }
  }
  return waves;
};

/** What a dependency offers right now. */
export interface DependencyFacts {
  /** At least one ready, routed replica. */
  readonly available: boolean;
  readonly rollout: Rollout | undefined;
}

/**
 * A rollout waits for dependencies that are being deployed with it and haven't taken over yet, and for those that
 * nothing serves yet. It isn't begun at all when one failed in the same deploy.
 */
export const dependencyState = (
  rollout: Rollout,
  needs: readonly ServiceName[],
  factsOf: (name: ServiceName) => DependencyFacts | undefined,
): DependencyState => {
  if (needs.length === 0) return nothingNeeded;
  const isSameDeploy = (facts: DependencyFacts): boolean => facts.rollout?.deployId === rollout.deployId;
  const failed = needs.find((name) => {
    const facts = factsOf(name);
    return facts !== undefined && isSameDeploy(facts) && facts.rollout?.phase === 'failed';
  });
  const waitingFor = needs.filter((name) => {
    const facts = factsOf(name);
    return facts !== undefined && (!facts.available || (isSameDeploy(facts) && !hasTakenOver(facts.rollout)));
  });
  const movedAt = lastMoveOf(waitingFor.map((name) => factsOf(name)?.rollout));
  return { failed, waitingFor, ...(movedAt !== undefined && { movedAt }) };
};

const nothingNeeded: DependencyState = { failed: undefined, waitingFor: [] };

/** A dependency that moves is bounded by limits of its own; whoever waits for it counts from its last step. */
const lastMoveOf = (rollouts: readonly (Rollout | undefined)[]): DependencyState['movedAt'] => {
  const moving = rollouts.filter((rollout) => rollout !== undefined && !isFinished(rollout.phase));
  if (moving.some((rollout) => rollout?.waitsFor !== undefined)) return 'person';
  const moves = moving.map((rollout) => rollout?.history.at(-1)?.at ?? 0);
  return moves.length === 0 ? undefined : Math.max(...moves);
};

const hasTakenOver = (rollout: Rollout | undefined): boolean =>
  rollout === undefined ||
  rollout.phase === 'baking' ||
  rollout.phase === 'retiring' ||
  rollout.phase === 'completed' ||
  rollout.phase === 'superseded';

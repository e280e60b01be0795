import type { Builder } from '../../build/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { HealthMonitor } from '../../health/index.ts';
import type { Clock } from '../../lib/index.ts';
import { PointsmanError } from '../../model/index.ts';
import type { NewEvent, Operation, RevisionNumber, RolloutPolicy, ServiceName } from '../../model/index.ts';
import type { ProxyLink } from '../../traffic/index.ts';
import type { Ask } from '../../verify/index.ts';
import type { LiveFacts } from '../live-facts.ts';
import type { Records } from '../records.ts';
import type { Routes } from '../routes.ts';
import { rulesOf } from '../rules.ts';
import type { StateStore } from '../store/index.ts';

/** What effects are made with. */
export interface OperationParts {
  readonly engine: Engine;
  readonly builder: Builder;
  readonly proxy: ProxyLink;
  /** Puts the questions of checks. */
  readonly ask: Ask;
  readonly health: HealthMonitor;
  readonly routes: Routes;
  readonly store: StateStore;
  readonly records: Records;
  readonly live: LiveFacts;
  readonly clock: Clock;
  readonly onEvent: (event: NewEvent) => void;
}

export type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** Makes the effect and writes down what came of it. What it throws is tried again later. */
export type Perform<Kind extends Operation['kind']> = (
  operation: OperationOf<Kind>,
  parts: OperationParts,
  signal: AbortSignal,
) => Promise<void>;

/** The rules by which replicas of the service leave: those of the newest rollout. */
export const policyInForce = ({ records }: OperationParts, service: ServiceName): RolloutPolicy | undefined => {
  const target = records.newestRollout(service)?.rollout.to;
  const revision = target === undefined ? undefined : records.revision(service, target);
  return revision === undefined ? undefined : rulesOf(records, revision);
};

/** An engine that is away for a while says nothing about what was asked of it. */
export const isPassing = (error: unknown): boolean =>
  error instanceof PointsmanError && error.code === 'ENGINE_UNREACHABLE';

/** The newest rollout, if it still is the one to that revision. */
export const rolloutTo = (parts: OperationParts, service: ServiceName, revision: RevisionNumber) => {
  const newest = parts.records.newestRollout(service);
  return newest?.rollout.to === revision ? newest : undefined;
};

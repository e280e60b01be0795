import type { RolloutPolicy } from './policy.ts';

/** Which replicas go when. */
export type Replacement = Pick<RolloutPolicy, 'strategy' | 'order' | 'batch' | 'switch'>;

/** All of the old version, then all of the new one: also what hands a volume over. */
export const stopStart: Replacement = {
  strategy: 'stop-start',
  order: 'stop-first',
  batch: { surge: { kind: 'count', count: 0 }, unavailable: { kind: 'percent', percent: 100, round: 'down' } },
  switch: 'per-instance',
};

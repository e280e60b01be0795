import type { Amount, RolloutPolicy } from '../model/index.ts';

/**
 * How many replicas above and below the wanted number a replacement may reach. Never both zero: it could not move. An
 * atomic start-first switch needs the whole new set beside the old one, whatever the batch says.
 */
export const resolveBatch = (
  policy: Pick<RolloutPolicy, 'batch' | 'order' | 'switch'>,
  wanted: number,
): { readonly surge: number; readonly unavailable: number } => {
  if (takesOverAtOnce(policy)) return { surge: wanted, unavailable: 0 };
  const { batch, order } = policy;
  const surge = resolveAmount(batch.surge, wanted);
  const unavailable = Math.min(resolveAmount(batch.unavailable, wanted), wanted);
  if (surge > 0 || unavailable > 0) return { surge, unavailable };
  return order === 'start-first' ? { surge: 1, unavailable: 0 } : { surge: 0, unavailable: 1 };
};

/** Everybody moves with one table, and the old version is whole until then. */
export const takesOverAtOnce = (policy: Pick<RolloutPolicy, 'order' | 'switch'>): boolean =>
  policy.switch === 'atomic' && policy.order === 'start-first';

const resolveAmount = (amount: Amount, wanted: number): number => {
  switch (amount.kind) {
    case 'count':
      return amount.count;
    case 'percent': {
      const exact = (wanted * amount.percent) / 100;
      return amount.round === 'up' ? Math.ceil(exact) : Math.floor(exact);
    }
  }
};

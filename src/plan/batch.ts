import type { Amount, RolloutPolicy } from '../model/index.ts';

/**
 * How many replicas above and below the wanted number a replacement may reach. Never both zero: it could not move. An
 * atomic start-first switch needs the whole new set beside the old one, whatever the batch says.
 */
export const resolveBatch = (
  { batch, order, switch: switching }: Pick<RolloutPolicy, 'batch' | 'order' | 'switch'>,
  wanted: number,
): { readonly surge: number; readonly unavailable: number } => {
  if (order === 'start-first' && switching === 'atomic') return { surge: wanted, unavailable: 0 };
  const surge = resolveAmount(batch.surge, wanted);
  const unavailable = Math.min(resolveAmount(batch.unavailable, wanted), wanted);
  if (surge > 0 || unavailable > 0) return { surge, unavailable };
  return order === 'start-first' ? { surge: 1, unavailable: 0 } : { surge: 0, unavailable: 1 };
};

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

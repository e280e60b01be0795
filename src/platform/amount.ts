import type { Amount } from '../model/index.ts';

/** `2` or `"50%"`. Surge rounds up and unavailable rounds down, so that some progress is always possible. */
export const amountOf = (written: number | string, round: 'up' | 'down'): Amount => {
  if (typeof written === 'number') return { kind: 'count', count: written };
  const percent = Number.parseFloat(written);
  return written.trim().endsWith('%') ? { kind: 'percent', percent, round } : { kind: 'count', count: percent };
};

export const replicasIn = (amount: Amount, replicas: number): number => {
  if (amount.kind === 'count') return amount.count;
  const exact = (replicas * amount.percent) / 100;
  return amount.round === 'up' ? Math.ceil(exact) : Math.floor(exact);
};

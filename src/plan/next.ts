import type { ErrorReport, Instant, Rollout, RolloutPhase } from '../model/index.ts';

/** Where a rollout goes from here: another phase, or another state of the same one. */
export interface Next {
  readonly phase: RolloutPhase;
  readonly failure?: ErrorReport;
  readonly change?: Partial<Pick<Rollout, 'canary' | 'promotions' | 'baseline'>>;
}

export const enter = (rollout: Rollout, next: Next, now: Instant): Rollout => ({
  ...rollout,
  ...next.change,
  phase: next.phase,
  history: next.phase === rollout.phase ? rollout.history : [...rollout.history, { phase: next.phase, at: now }],
  ...(next.failure !== undefined && { failure: next.failure }),
});

export const fail = (code: ErrorReport['code'], message: string, more: Pick<ErrorReport, 'fix' | 'output'>): Next => ({
  phase: 'failed',
  failure: { code, message, ...more },
});

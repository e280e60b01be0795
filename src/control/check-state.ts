import type { RevisionNumber, ServiceSpec } from '../model/index.ts';
import type { CheckState, StepState } from '../plan/index.ts';

/** What a rollout has to be asked about. With nothing running before, or no old version beside the new, only `after` makes sense. */
export const checkStateOf = (
  { verify, policy }: ServiceSpec,
  rollout: { readonly active: RevisionNumber | undefined; readonly isRollback: boolean },
): CheckState => {
  const pendingIf = (is: boolean): StepState => ({ kind: is ? 'pending' : 'done' });
  const disturbs = rollout.active !== undefined && !rollout.isRollback;
  return {
    before: pendingIf(disturbs && (verify?.before.length ?? 0) > 0),
    smoke: pendingIf(!rollout.isRollback && (policy.smoke?.length ?? 0) > 0),
    during: pendingIf(disturbs && policy.order === 'start-first' && (verify?.during.length ?? 0) > 0),
    duringDueAt: 0,
    after: pendingIf((verify?.after.length ?? 0) > 0),
  };
};

export const nothingToCheck: CheckState = {
  before: { kind: 'done' },
  smoke: { kind: 'done' },
  during: { kind: 'done' },
  duringDueAt: 0,
  after: { kind: 'done' },
};

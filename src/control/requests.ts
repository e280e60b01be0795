import type { NewEvent, Rollout, RolloutRequests } from '../model/index.ts';
import type { RolloutRecord } from './store/index.ts';

export const nothingAsked: RolloutRequests = { promotions: 0, toTheEnd: false, paused: false, aborted: false };

export const abortedRequests = ({ requests = nothingAsked }: RolloutRecord): RolloutRequests => ({
  ...requests,
  aborted: true,
  paused: false,
});

/** What was said to a rollout, and by whom if that is known. */
export const saidTo = (
  { service, id, to, phase }: Rollout,
  reason: 'Promoted' | 'Aborted' | 'Paused' | 'Resumed',
  byWhom: string | undefined,
): NewEvent => ({
  service,
  rollout: id,
  revision: to,
  severity: 'info',
  reason,
  message: [`${reason.toLowerCase()} while ${phase}`, ...(byWhom === undefined ? [] : [byWhom])].join(', '),
});

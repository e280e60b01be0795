import type { RolloutRequests } from '../model/index.ts';

export const nothingAsked: RolloutRequests = { promotions: 0, toTheEnd: false, paused: false, aborted: false };

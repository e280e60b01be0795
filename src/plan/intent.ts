import type { Revision, Rollout } from '../model/index.ts';
import { candidatesOf } from './candidates.ts';
import { isHeld } from './pauses.ts';
import type { Situation } from './situation.ts';

/** What the service should look like now, given how far its rollout has come. */
export type Intent =
  /** Everything goes. */
  | { readonly kind: 'remove'; readonly rules: Revision | undefined }
  /** The new revision is not begun: what serves goes on serving, the active revision fills gaps. */
  | {
      readonly kind: 'hold';
      readonly active: Revision | undefined;
      readonly rules: Revision;
      readonly wanted: number;
      readonly before: number;
    }
  /** The old version stays whole while candidates of the new one run beside it. */
  | {
      readonly kind: 'try-out';
      readonly active: Revision | undefined;
      readonly rules: Revision;
      readonly wanted: number;
      /** How many the old version keeps. */
      readonly before: number;
      readonly candidates: number;
      /** They may be in the routes, by the split. */
      readonly isRouted: boolean;
      /** They are only there to be looked at, for as long as it takes somebody. */
      readonly isPreview: boolean;
    }
  /** The target takes over from whatever else runs, by the rules' policy. */
  | {
      readonly kind: 'replace';
      readonly target: Revision;
      readonly rules: Revision;
      readonly wanted: number;
      readonly before: number;
      /** Whatever was replaced so far stays as it is; the revision fills gaps. */
      readonly pausedWith?: Revision | undefined;
      /** Away from a version that was tried out and failed, without waiting for full capacity. */
      readonly retreats?: boolean;
    };

/** `rules` is always the newest rollout's revision: its policy says how the old is replaced, also when going back. */
export const intentOf = (situation: Situation, rollout: Rollout | undefined): Intent => {
  const rules = revisionOf(situation, rollout?.to);
  if (situation.wanted === undefined || rollout === undefined || rules === undefined) return { kind: 'remove', rules };
  const active = revisionOf(situation, situation.active);
  const { replicas: wanted, before = wanted } = situation.wanted;
  switch (rollout.phase) {
    case 'waiting':
    case 'building':
    case 'checking':
    case 'pre-deploy':
      return { kind: 'hold', active, rules, wanted, before };
    case 'staging':
    case 'previewing':
    case 'canary': {
      const candidates = candidatesOf(rules.spec.policy, rollout, wanted);
      const [isRouted, isPreview] = [rollout.phase !== 'staging', rollout.phase === 'previewing'];
      return { kind: 'try-out', active, rules, wanted, before, candidates, isRouted, isPreview };
    }
    case 'replacing':
      return { kind: 'replace', target: rules, rules, wanted, before, ...(isHeld(rollout) && { pausedWith: active }) };
    case 'verifying':
    case 'baking':
    case 'retiring':
    case 'completed':
      return { kind: 'replace', target: rules, rules, wanted, before };
    case 'failed':
    case 'superseded': {
      if (active === undefined) return { kind: 'remove', rules };
      const retreats = keepsOldWhole(rules) && wasTriedOut(rollout);
      return { kind: 'replace', target: active, rules, wanted: before, before, retreats };
    }
  }
};

/** How many there are to be for now: a version that is not exchanged yet keeps its own number. */
export const seatsNow = (intent: Intent): number => {
  switch (intent.kind) {
    case 'remove':
      return 0;
    case 'hold':
    case 'try-out':
      return intent.before;
    case 'replace':
      return intent.wanted;
  }
};

/** With replicas exchanged one by one, part of the old version is gone by the time the new one is tried out. */
const keepsOldWhole = ({ spec }: Revision): boolean => spec.policy.switch === 'atomic';

/** In these phases the old version was kept whole, so nothing is lost by leaving the new one at once. */
const wasTriedOut = ({ history }: Rollout): boolean =>
  history.some(
    ({ phase }) => phase === 'canary' || phase === 'previewing' || phase === 'verifying' || phase === 'baking',
  );

export const revisionOf = (situation: Situation, number: number | undefined): Revision | undefined =>
  situation.revisions.find((revision) => revision.number === number);

import type { Rollout } from '../model/index.ts';
import { verdictOf } from './analysis.ts';
import { revisionOf } from './intent.ts';
import type { Situation } from './situation.ts';

/** Where the rollout stands and what somebody could do about it; undefined where the phase says it all. */
export const standingOf = (situation: Situation, rollout: Rollout | undefined): string | undefined => {
  if (rollout === undefined) return undefined;
  const { service } = situation;
  const tried = triedOut(situation, rollout);
  switch (rollout.waitsFor) {
    case 'resume':
      return `${tried ?? `revision ${rollout.to} is ${rollout.phase}`}; paused: \`pointsman resume ${service}\``;
    case 'promotion':
      return `${tried}; waits for \`pointsman promote ${service}\` or \`pointsman abort ${service}\``;
    case 'sample':
      return `${tried}; waits for more of them, or for \`pointsman promote ${service}\``;
    case undefined:
      return tried;
  }
};

const triedOut = (situation: Situation, rollout: Rollout): string | undefined => {
  const policy = revisionOf(situation, rollout.to)?.spec.policy;
  switch (rollout.phase) {
    case 'previewing':
      return `revision ${rollout.to} is ready to be looked at`;
    case 'canary': {
      const steps = policy?.canary?.steps.length ?? 0;
      const step = `step ${(rollout.canary?.step ?? 0) + 1} of ${steps}: ${rollout.canary?.percent ?? 0} % on revision ${rollout.to}`;
      return rollout.canary?.since === undefined
        ? `${step}, its replicas start`
        : `${step}, ${verdictOf(situation, rollout).words}`;
    }
    case 'baking':
      return `revision ${rollout.to} has taken over, ${rollout.from === undefined ? 'the old one' : `revision ${rollout.from}`} stands by, ${verdictOf(situation, rollout).words}`;
    default:
      return undefined;
  }
};

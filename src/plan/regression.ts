import type { Rollout } from '../model/index.ts';
import { verdictOf } from './analysis.ts';
import type { Next } from './next.ts';
import { fail } from './next.ts';
import { enteredAt } from './pauses.ts';
import type { Situation } from './situation.ts';

/** The new version does worse than the old one did: it is taken back at once, also while the rollout is paused. */
export const regression = (situation: Situation, rollout: Rollout): Next | undefined => {
  switch (rollout.phase) {
    case 'canary':
      return rollout.canary?.since === undefined ? undefined : worseThanOld(situation, rollout);
    case 'baking':
      return crashWhileBaking(situation, rollout) ?? worseThanOld(situation, rollout);
    default:
      return undefined;
  }
};

const worseThanOld = (situation: Situation, rollout: Rollout): Next | undefined => {
  const verdict = verdictOf(situation, rollout);
  if (verdict.kind !== 'worse') return undefined;
  const where =
    rollout.phase === 'baking' ? 'after the switch' : `with ${rollout.canary?.percent ?? 0} % of the requests`;
  return fail(
    'ROLLOUT_REGRESSED',
    `${situation.service} revision ${rollout.to}, ${where}: ${verdict.words}`,
    takenBack(situation),
  );
};

const crashWhileBaking = (situation: Situation, rollout: Rollout): Next | undefined => {
  const since = enteredAt(rollout);
  for (const { revision, slot, crashes } of situation.slots) {
    const crash = crashes.at(-1);
    if (revision !== rollout.to || crash === undefined || crash.at < since) continue;
    const message = `${situation.service} revision ${rollout.to}, replica ${slot}, after the switch: ${crash.words}`;
    return fail('ROLLOUT_REGRESSED', message, { ...takenBack(situation), output: crash.output });
  }
  return undefined;
};

const takenBack = ({ service }: Situation) => ({
  fix: `The old version serves again. \`pointsman logs ${service}\` shows what both said; repair it and deploy again.`,
});

import type { ObservedReplica, Revision } from '../model/index.ts';
import { isLeaving, isReady } from './replicas.ts';
import { allLive, isRouted } from './seats.ts';
import type { Situation } from './situation.ts';

interface Keeping {
  readonly active: Revision | undefined;
  /** How many replicas the new version is to have, and how many the active one has. */
  readonly wanted: number;
  readonly before: number;
}

/** Whichever version has more: with fewer it was not one version alone that carried the load. */
export const mostOf = ({ wanted, before }: Keeping): number => Math.max(wanted, before);

/**
 * What goes on running while a new version is not there yet: whoever serves, and the active revision. A version that
 * was only tried out beside a whole active one is not needed any more once a newer one takes its place.
 */
export const keepersOf = (situation: Situation, intent: Keeping): readonly ObservedReplica[] => {
  const { active } = intent;
  const staying = allLive(situation).filter((replica) => !isLeaving(situation, replica));
  const serving = staying.filter(isRouted(situation));
  const isActive = ({ revision }: ObservedReplica): boolean => revision === active?.number;
  if (serving.length === 0) return staying;
  const activeServing = serving.filter((replica) => isActive(replica) && isReady(situation, replica));
  if (active !== undefined && activeServing.length >= mostOf(intent)) return staying.filter(isActive);
  return staying.filter((replica) => serving.includes(replica) || isActive(replica));
};

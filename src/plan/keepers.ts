import type { ObservedReplica, Revision } from '../model/index.ts';
import { isLeaving, isReady } from './replicas.ts';
import { allLive, isRouted } from './seats.ts';
import type { Situation } from './situation.ts';

/**
 * What goes on running while a new version is not there yet: whoever serves, and the active revision. A version that
 * was only tried out beside a whole active one is not needed any more once a newer one takes its place.
 */
export const keepersOf = (
  situation: Situation,
  { active, wanted }: { readonly active: Revision | undefined; readonly wanted: number },
): readonly ObservedReplica[] => {
  const staying = allLive(situation).filter((replica) => !isLeaving(situation, replica));
  const serving = staying.filter(isRouted(situation));
  const isActive = ({ revision }: ObservedReplica): boolean => revision === active?.number;
  if (serving.length === 0) return staying;
  const activeServing = serving.filter((replica) => isActive(replica) && isReady(situation, replica));
  if (active !== undefined && activeServing.length >= wanted) return staying.filter(isActive);
  return staying.filter((replica) => serving.includes(replica) || isActive(replica));
};

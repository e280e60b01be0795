import type { RevisionNumber, TrafficSplit, Upstream } from '../model/index.ts';

/**
 * A split of what is there: a revision whose replicas are all gone must not keep its share, nor the table from being
 * served. Where only revisions without a share are left, they stay without. undefined when nobody is left at all.
 */
export const servedSplit = (split: TrafficSplit, upstreams: readonly Upstream[]): TrafficSplit | undefined => {
  const served = new Set<RevisionNumber>(upstreams.map((upstream) => upstream.revision));
  const isServed = ({ revision }: { readonly revision: RevisionNumber }): boolean => served.has(revision);
  const shares = split.shares.filter(isServed);
  const total = shares.reduce((sum, { percent }) => sum + percent, 0);
  if (shares.length === 0) return undefined;
  return {
    shares: shares
      .map(({ revision, percent }) => ({ revision, percent: total > 0 ? (percent * 100) / total : 0 }))
      .toSorted((left, right) => left.revision - right.revision),
    matches: split.matches.filter(isServed),
  };
};

import type { RevisionNumber } from '../../model/index.ts';

export interface Share {
  readonly revision: RevisionNumber;
  readonly percent: number;
}

/**
 * Whose turn it is, by share. No chance in it: among any n requests each revision gets its share of n, give or take one,
 * and the turns of a small share are spread evenly (the smooth weighted round robin of nginx).
 */
export class WeightedTurns {
  readonly #shares: readonly Share[];
  /** What each revision is owed. */
  readonly #owed: Map<RevisionNumber, number>;

  /** With the same shares as `before` its turns go on: tables may follow each other faster than requests do. */
  constructor(shares: readonly Share[], before?: WeightedTurns) {
    this.#shares = shares.filter(({ percent }) => percent > 0);
    const goesOn = before !== undefined && isSame(before.#shares, this.#shares);
    this.#owed = goesOn ? before.#owed : new Map();
  }

  next(): RevisionNumber | undefined {
    let chosen: RevisionNumber | undefined;
    let most = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const { revision, percent } of this.#shares) {
      const owed = (this.#owed.get(revision) ?? 0) + percent;
      this.#owed.set(revision, owed);
      total += percent;
      if (owed > most) {
        most = owed;
        chosen = revision;
      }
    }
    if (chosen !== undefined) this.#owed.set(chosen, most - total);
    return chosen;
  }
}

const isSame = (left: readonly Share[], right: readonly Share[]): boolean =>
  left.length === right.length &&
  left.every(({ revision, percent }, at) => revision === right[at]?.revision && percent === right[at]?.percent);

import type { Affinity, Pool, TrafficMatch, TrafficSplit } from '../../model/index.ts';
import { duplicate, first } from './faults.ts';

/** Percents are allowed to be fractions, whose sum is not exact. */
const roundingError = 0.001;

/** Why the pool's requests can't be divided as it says. */
export const divisionFault = (pool: Pool): string | undefined => {
  const where = `pool ${pool.id}`;
  const revisions = new Set<number>(pool.upstreams.map((upstream) => upstream.revision));
  return (
    (pool.split === undefined ? undefined : splitFault(pool.split, revisions, where)) ??
    (pool.affinity === undefined ? undefined : affinityFault(pool.affinity, where))
  );
};

const splitFault = (split: TrafficSplit, revisions: ReadonlySet<number>, where: string): string | undefined => {
  const unknown = [...split.shares, ...split.matches].find(({ revision }) => !revisions.has(revision));
  if (unknown !== undefined) return `${where}: no upstream is of revision ${unknown.revision}, which its split names`;
  const isPercent = split.shares.every(({ percent }) => typeof percent === 'number' && percent >= 0 && percent <= 100);
  const sum = split.shares.reduce((total, { percent }) => total + percent, 0);
  if (!isPercent || !(sum === 0 || Math.abs(sum - 100) < roundingError))
    return `${where}: shares add up to ${sum}, not to 100`;
  return (
    duplicate(split.shares, ({ revision }) => String(revision), `share in ${where}`) ??
    first(split.matches, (match) => matchFault(match, where))
  );
};

const matchFault = ({ by, name, value }: TrafficMatch, where: string): string | undefined => {
  if (by !== 'header' && by !== 'cookie') return `${where}: unknown kind of match ${String(by)}`;
  if (!isToken(name)) return `${where}: ${JSON.stringify(name)} is no name of a ${by}`;
  const isClean = value === undefined || (typeof value === 'string' && /^[\x20-\x7e]*$/.test(value));
  return isClean ? undefined : `${where}: no ${by} can have the value ${JSON.stringify(value)}`;
};

const affinityFault = ({ to, cookie }: Affinity, where: string): string | undefined => {
  if (to !== 'replica' && to !== 'revision') return `${where}: unknown kind of affinity ${String(to)}`;
  return isToken(cookie) ? undefined : `${where}: ${JSON.stringify(cookie)} is no name of a cookie`;
};

const isToken = (name: unknown): boolean => typeof name === 'string' && /^[!#$%&'*+.^_`|~\w-]+$/.test(name);

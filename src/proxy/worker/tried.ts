import type { RevisionNumber } from '../../model/index.ts';
import type { Upstream } from './upstream.ts';

/** Those who took no connection for one request, or let a fresh one die, in the order in which they were asked. */
export type Tried = ReadonlySet<Upstream>;

/** Whom a record names when nobody took the connection. */
export const lastTried = (tried: Tried | undefined): Upstream | undefined =>
  tried === undefined ? undefined : [...tried].at(-1);

/** Whose turn it was, where somebody of another version answered instead. */
export const passedOver = (tried: Tried | undefined, taker: Upstream | undefined): RevisionNumber | undefined => {
  if (tried === undefined || taker === undefined) return undefined;
  const [first] = tried;
  return first?.revision === taker.revision ? undefined : first?.revision;
};

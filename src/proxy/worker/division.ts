import type { Pool as PoolEntry, RevisionNumber, TrafficMatch } from '../../model/index.ts';
import { Affinity } from './affinity.ts';
import type { CookieScope } from './affinity.ts';
import { Balancer } from './balancer.ts';
import { cookieValues, FieldReader } from './request-fields.ts';
import type { Upstream } from './upstream.ts';
import { WeightedTurns } from './weighted-turns.ts';

/** Which requests go where in a pool that has shares, matches or an affinity. */
export class Division {
  readonly affinity: Affinity | undefined;
  /** For a request that has no turn: everybody where there are no shares, nobody where none has one. */
  readonly #public: Balancer;
  readonly #byRevision: ReadonlyMap<RevisionNumber, Balancer>;
  readonly #matches: readonly CompiledMatch[];
  readonly #turns: WeightedTurns | undefined;
  /** Those that any request may fall to, the largest share first. */
  readonly #fallbacks: readonly Balancer[];

  constructor(entry: PoolEntry, upstreams: readonly Upstream[], before: Division | undefined) {
    const { split, affinity, edge } = entry;
    this.affinity = affinity === undefined ? undefined : new Affinity(affinity, entry.id, upstreams);
    this.#public = split === undefined ? new Balancer(edge.balance, upstreams) : nobody;
    const groups = Map.groupBy(upstreams, (upstream) => upstream.revision);
    this.#byRevision = new Map([...groups].map(([revision, group]) => [revision, new Balancer(edge.balance, group)]));
    this.#matches = (split?.matches ?? []).map(compile);
    const turnsBefore = before === undefined ? undefined : before.#turns;
    this.#turns = split === undefined ? undefined : new WeightedTurns(split.shares, turnsBefore);
    const largestFirst = split?.shares.toSorted((left, right) => right.percent - left.percent) ?? [];
    const shared = largestFirst.flatMap(({ revision, percent }) =>
      percent > 0 ? (this.#byRevision.get(revision) ?? []) : [],
    );
    this.#fallbacks = split === undefined ? [this.#public] : shared;
  }

  /** Decides for one request: matches, then affinity, then shares. Takes a turn, so it is asked once per request. */
  place(fields: string): Placement {
    const match = this.#matches.find(({ isMet, revision }) => this.#byRevision.has(revision) && isMet(fields));
    const before = this.affinity?.find(fields);
    if (match !== undefined) return this.#placeMatched(match, before);
    const stays = before !== undefined;
    const revision = before?.revision ?? this.#turns?.next();
    const group = revision === undefined ? this.#public : this.#byRevision.get(revision);
    return new Placement(this, {
      first: this.affinity?.to === 'replica' ? before : undefined,
      group: group ?? nobody,
      wantsCookie: this.affinity !== undefined && !stays,
    });
  }

  /** Somebody else than those tried, whoever the request was for. */
  instead(tried: ReadonlySet<Upstream>): Upstream | undefined {
    for (const group of this.#fallbacks) {
      const upstream = group.nextUntried(tried);
      if (upstream !== undefined) return upstream;
    }
    return undefined;
  }

  /**
   * A match holds for this request only, so it leaves the cookie of a revision alone. Who is matched by a cookie of
   * its own comes back, and stays on its replica.
   */
  #placeMatched({ revision, by }: CompiledMatch, before: Upstream | undefined): Placement {
    const isReplica = this.affinity?.to === 'replica';
    const first = isReplica && before?.revision === revision ? before : undefined;
    return new Placement(this, {
      first,
      group: this.#byRevision.get(revision) ?? nobody,
      wantsCookie: isReplica && by === 'cookie' && first === undefined,
    });
  }
}

const nobody = new Balancer('round-robin', []);

interface Place {
  /** Whom it should go to if that is possible at all. */
  readonly first: Upstream | undefined;
  readonly group: Balancer;
  readonly wantsCookie: boolean;
}

/** What was decided for one request, for its first attempt and all further ones. */
export class Placement {
  readonly division: Division;
  readonly #place: Place;

  constructor(division: Division, place: Place) {
    this.division = division;
    this.#place = place;
  }

  choose(tried: ReadonlySet<Upstream> | undefined): Upstream | undefined {
    const { first, group } = this.#place;
    if (tried === undefined) return first ?? group.next();
    if (first !== undefined && !tried.has(first)) return first;
    return group.nextUntried(tried) ?? this.division.instead(tried) ?? group.next();
  }

  /** Field line for the response of this upstream; empty when the client has what it needs. */
  setCookie(upstream: Upstream, scope: CookieScope): string {
    return this.#place.wantsCookie ? (this.division.affinity?.setCookie(upstream, scope) ?? '') : '';
  }
}

interface CompiledMatch {
  readonly revision: RevisionNumber;
  readonly by: TrafficMatch['by'];
  readonly isMet: (fields: string) => boolean;
}

const compile = ({ by, name, value, revision }: TrafficMatch): CompiledMatch => {
  const header = new FieldReader(name);
  const values = (fields: string): readonly string[] =>
    by === 'header' ? header.values(fields) : cookieValues(fields, name);
  const isMet = (fields: string): boolean => values(fields).some((found) => value === undefined || found === value);
  return { revision, by, isMet };
};

import type { Address, DrainPolicy, ReplicaId, RevisionNumber, Upstream as UpstreamEntry } from '../../model/index.ts';
import type { Sweeper } from './sweeper.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** What an upstream wants of the requests it carries. */
export interface Claimant {
  /** Nothing is known of what it carries. */
  readonly isOpaque: boolean;
  /** Not one octet has been sent: it may go elsewhere. */
  readonly isUnsent: boolean;
  reroute(): void;
  /** It is of a kind that this policy ends before the deadline. */
  endsUnder(policy: DrainPolicy): boolean;
  /** It is of a kind that this policy cuts at the deadline; others are left to the application's own end. */
  isCutUnder(policy: DrainPolicy): boolean;
  /** Ends it kindly if its kind allows that under this policy. */
  drain(policy: DrainPolicy): void;
  /** Ends it now. */
  cut(): void;
  /** For the upstream's own use: where it stands among the claims. */
  place: number;
}

export interface UpstreamContext {
  readonly sweeper: Sweeper;
  /** The count of an upstream that left the table has changed. */
  readonly countChanged: (upstream: Upstream) => void;
}

/** Idle connections kept per upstream. */
const mostIdle = 256;
/** Node and uvicorn close an idle connection after 5 s without saying so; being first avoids the race. */
export const defaultIdleMs = 4_000;
/** A request that must not be sent twice only takes a connection that was busy a moment ago. */
const freshEnoughMs = 1_500;

/** An address with what is in flight on it. */
export class Upstream {
  readonly id: ReplicaId;
  readonly revision: RevisionNumber;
  readonly address: Address;
  /** In the table; once false it never becomes true again: a later table that names it makes a new one. */
  routed = true;
  /** The order it drains by, for requests that turn out to be streams after it came. */
  drainPolicy: DrainPolicy | undefined;
  readonly #context: UpstreamContext;
  /** Each knows its place, so that coming and going costs neither a search nor a hash. */
  readonly #claims: Claimant[] = [];
  readonly #idle: UpstreamConnection[] = [];
  #isSwept = false;

  constructor(entry: UpstreamEntry, context: UpstreamContext) {
    this.id = entry.id;
    this.revision = entry.revision;
    this.address = entry.address;
    this.#context = context;
  }

  get inFlight(): number {
    return this.#claims.length;
  }

  get claims(): readonly Claimant[] {
    return [...this.#claims];
  }

  claim(claimant: Claimant): void {
    claimant.place = this.#claims.push(claimant) - 1;
  }

  release(claimant: Claimant): void {
    const { place } = claimant;
    if (this.#claims[place] !== claimant) return;
    const last = this.#claims.pop();
    if (last !== undefined && last !== claimant) {
      this.#claims[place] = last;
      last.place = place;
    }
    if (!this.routed) this.#context.countChanged(this);
  }

  takeIdle(repeatable: boolean, now: number): UpstreamConnection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      const idleMs = now - connection.idleSince;
      if (idleMs >= connection.idleLimitMs) connection.destroy();
      else if (repeatable || idleMs < freshEnoughMs) return connection;
      else {
        this.#idle.push(connection);
        return undefined;
      }
    }
    return undefined;
  }

  giveBack(connection: UpstreamConnection, now: number): void {
    connection.user = undefined;
    if (!this.routed || this.#idle.length >= mostIdle) {
      connection.destroy();
      return;
    }
    connection.carried += 1;
    connection.idleSince = now;
    this.#idle.push(connection);
    if (this.#isSwept) return;
    this.#isSwept = true;
    this.#context.sweeper.add(this);
  }

  forget(connection: UpstreamConnection): void {
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** It left the table: nothing new comes, what has not been sent yet goes elsewhere, idle connections end. */
  drop(): void {
    this.routed = false;
    this.closeIdle();
    for (const claimant of this.claims) if (claimant.isUnsent) claimant.reroute();
    this.#context.countChanged(this);
  }

  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  sweep(now: number): void {
    const expired = this.#idle.filter((connection) => now - connection.idleSince >= connection.idleLimitMs);
    for (const connection of expired) connection.destroy();
    if (this.#idle.length > 0) return;
    this.#isSwept = false;
    this.#context.sweeper.remove(this);
  }
}

import type { DrainOrder, DrainPolicy } from '../../model/index.ts';
import type { RoutedUpstreams } from './routed-upstreams.ts';
import type { Claimant, Upstream } from './upstream.ts';

/** Streams ended per second when there are many, so that their clients don't all come back at once. */
const endingsPerSecond = 50;

/** Carries out drain orders: ends streams spread over a part of the window, cuts what is left at its end. */
export class Draining {
  readonly #upstreams: RoutedUpstreams;

  constructor(upstreams: RoutedUpstreams) {
    this.#upstreams = upstreams;
  }

  begin(order: DrainOrder): void {
    for (const upstream of this.#upstreams.dropped(order.upstream)) this.#drain(upstream, order.policy);
  }

  /** This worker is to end: everything it carries ends, routed or not. Cutting the rest is the caller's to do. */
  all(policy: DrainPolicy): void {
    for (const upstream of this.#upstreams.all) this.#endStreams(upstream, policy);
  }

  /** All that is known to be late; whether opaque connections are, somebody else knows. */
  cutAll({ andOpaque }: { readonly andOpaque: boolean }): void {
    for (const upstream of this.#upstreams.all)
      for (const claimant of upstream.claims) if (andOpaque || !claimant.isOpaque) claimant.cut();
  }

  /** Closes everything at once, connections without a request included. */
  cut(id: DrainOrder['upstream']): void {
    for (const upstream of this.#upstreams.dropped(id)) {
      upstream.closeIdle();
      for (const claimant of upstream.claims) claimant.cut();
    }
  }

  #drain(upstream: Upstream, policy: DrainPolicy): void {
    upstream.closeIdle();
    this.#endStreams(upstream, policy);
    setTimeout(() => this.#cutRest(upstream, policy), policy.timeoutSeconds * 1_000).unref();
  }

  #endStreams(upstream: Upstream, policy: DrainPolicy): void {
    const claims = upstream.claims.filter((claimant) => claimant.endsUnder(policy));
    const windowMs = policy.timeoutSeconds * 1_000;
    const spreadMs = Math.min((claims.length * 1_000) / endingsPerSecond, windowMs / 2);
    claims.forEach((claimant, index) => this.#endLater(claimant, policy, (index * spreadMs) / claims.length));
    // Requests that only later turn out to be streams end as they appear; those of now have their turn.
    upstream.drainPolicy = policy;
  }

  #endLater(claimant: Claimant, policy: DrainPolicy, delayMs: number): void {
    if (delayMs < 1) claimant.drain(policy);
    else setTimeout(() => claimant.drain(policy), delayMs).unref();
  }

  #cutRest(upstream: Upstream, policy: DrainPolicy): void {
    for (const claimant of upstream.claims) if (claimant.isCutUnder(policy)) claimant.cut();
  }
}

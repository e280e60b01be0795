import type { ResponseHead } from '../codec/response-head.ts';
import { steadyNow } from './clock.ts';
import type { Division, Placement } from './division.ts';
import type { Pool } from './pool.ts';
import type { RequestSender } from './request-sender.ts';
import type { Tried } from './tried.ts';
import { defaultIdleMs } from './upstream.ts';
import type { Claimant, Upstream } from './upstream.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import type { DialFailure, UpstreamUser } from './upstream-connection.ts';

/** Finds an upstream and a connection for one request, and another one where that is safe. */
export class Attempts {
  upstream: Upstream | undefined;
  connection: UpstreamConnection | undefined;
  readonly #owner: Claimant & UpstreamUser;
  readonly #sender: RequestSender;
  /** Field lines of the request, for pools that look at them. */
  readonly #fields: string;
  #dials = 0;
  /** Who took no connection, or let a fresh one die. */
  #tried: Set<Upstream> | undefined;
  #placement: Placement | undefined;
  /** What kind of connection swallowed the request so far, the last of them. */
  #swallowedBy: 'none' | 'kept' | 'fresh' = 'none';

  constructor(owner: Claimant & UpstreamUser, sender: RequestSender, fields: string) {
    this.#owner = owner;
    this.#sender = sender;
    this.#fields = fields;
  }

  /** False when the pool has nobody. */
  begin(pool: Pool, now = steadyNow()): boolean {
    const upstream = pool.division === undefined ? pool.choose(this.#tried) : this.#place(pool.division);
    if (upstream === undefined) return false;
    // Choosing and counting are one step: nothing can run in between, so a table that comes later finds this request counted.
    upstream.claim(this.#owner);
    this.upstream = upstream;
    const repeatable = this.#sender.isIdempotent && this.#sender.isReplayable;
    const idle = this.#swallowedBy === 'none' ? upstream.takeIdle(repeatable, now) : undefined;
    if (idle === undefined) {
      this.#dials += 1;
      this.connection = new UpstreamConnection(upstream, this.#owner, pool.edge.dial.timeoutMs, defaultIdleMs);
    } else {
      idle.user = this.#owner;
      this.connection = idle;
      this.#owner.connected(idle);
    }
    return true;
  }

  /** Field line that the response of the present upstream gets; empty for almost all. */
  setCookie(pool: Pool): string {
    if (this.#placement === undefined || this.upstream === undefined) return '';
    return this.#placement.setCookie(this.upstream, pool.cookieScope);
  }

  get tried(): Tried | undefined {
    return this.#tried;
  }

  /** The connection could not be made; nothing was sent, so any request may go elsewhere. */
  dialAgain(pool: Pool, cause: DialFailure): boolean {
    const failed = this.upstream;
    this.leave();
    if (failed !== undefined && cause !== 'overloaded') (this.#tried ??= new Set()).add(failed);
    return this.#dials < pool.edge.dial.attempts && this.begin(pool);
  }

  /**
   * The connection died before an octet of the response. A request that is all here and either idempotent or certain not to have
   * been read goes out once more: after a kept-alive connection on a fresh one, after a fresh one at another upstream.
   */
  repeat(pool: Pool, code: string): boolean {
    const { connection, upstream: failed } = this;
    if (connection === undefined || failed === undefined) return false;
    // EPIPE: the kernel refused to take the request. Neither then nor when it still waits can an application have seen it.
    const unseen = code === 'EPIPE' || connection.output.isUnwritten;
    if (!this.#sender.isReplayable || !(this.#sender.isIdempotent || unseen)) return false;
    const isKept = connection.carried > 0;
    if (!isKept) {
      // A kept connection may just have been closing; a fresh one was let down by who took it.
      if (this.#swallowedBy === 'fresh' || pool.edge.repeat !== 'any' || !pool.hasOther(failed)) return false;
      (this.#tried ??= new Set()).add(failed);
    }
    this.leave();
    this.#swallowedBy = isKept ? 'kept' : 'fresh';
    return this.begin(pool);
  }

  /** The response is complete and nothing came behind it. */
  giveBack(head: ResponseHead, now: number): void {
    const { connection } = this;
    if (connection === undefined || !head.reusable || !this.#sender.ended) return;
    if (head.idleSeconds !== undefined) connection.idleLimitMs = Math.max(head.idleSeconds - 1, 0) * 1_000;
    this.connection = undefined;
    this.upstream?.giveBack(connection, now);
  }

  /** Lets go of upstream and connection; a connection that was not given back is closed. */
  leave(): void {
    this.connection?.destroy();
    this.connection = undefined;
    this.#sender.detach();
    this.upstream?.release(this.#owner);
    this.upstream = undefined;
  }

  /** What one table decided holds for all attempts under that table. */
  #place(division: Division): Upstream | undefined {
    if (this.#placement?.division !== division) this.#placement = division.place(this.#fields);
    return this.#placement.choose(this.#tried);
  }
}

import type { DrainPolicy } from '../../model/index.ts';
import type { RequestHead } from '../codec/request-head.ts';
import { Attempts } from './attempts.ts';
import { steadyNow } from './clock.ts';
import type { ExchangeClient } from './exchange-client.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { ExchangeEnd } from './exchange-end.ts';
import type { Held } from './holding.ts';
import { overloaded, tooLarge, tooLate, uploadTooLong } from './own-answers.ts';
import type { Pool } from './pool.ts';
import { RequestTimes } from './request-limits.ts';
import { ResponseRelay } from './response-relay.ts';
import type { ClientTerms } from './response-relay.ts';
import { Tunnel } from './tunnel.ts';
import type { Claimant } from './upstream.ts';
import type { DialFailure, UpstreamConnection, UpstreamUser } from './upstream-connection.ts';

/** One request and its response: chooses an upstream, retries what is safe, relays, counts, records. */
export class Exchange extends ExchangeEnd implements Claimant, UpstreamUser, Held, ClientTerms {
  place = -1;
  readonly isOpaque = false;
  protected readonly attempts: Attempts;
  protected readonly relay: ResponseRelay;
  #times: RequestTimes | undefined;
  #wasHeld = false;

  constructor(context: ExchangeContext, client: ExchangeClient, head: RequestHead) {
    super(context, client, head);
    this.attempts = new Attempts(this, this.sender, head.fields);
    this.relay = new ResponseRelay(client.output, head, this);
  }

  /** Routes the request and begins its first attempt; may be over before this returns. */
  start(): void {
    this.#route(this.entry.startedAt);
  }

  /** Nothing of a response has been sent. */
  get isUnanswered(): boolean {
    return this.relay.head === undefined;
  }

  get isTunnel(): boolean {
    return this.tunnel !== undefined;
  }

  // What the client's connection tells

  requestContent(buffer: Buffer, start: number, end: number): void {
    if (!this.destination.allowsBody(this.sender.contentBytes + end - start)) this.#refuseContent();
    else if (!this.sender.content(buffer, start, end)) this.client.pause();
  }

  sweep(now: number): void {
    const { pool } = this.destination;
    if (this.tunnel !== undefined || pool === undefined) return;
    const exceeded = (this.#times ??= new RequestTimes()).exceeded(pool.limits, now, {
      startedAt: this.entry.startedAt,
      isUploading: !this.sender.ended,
      isAwaited: this.sender.isSent && this.sender.ended && !this.relay.hasBegun,
      moved: this.sender.contentBytes + this.relay.contentBytes,
    });
    if (exceeded === 'response') this.answer(tooLate, 'response-timeout');
    else if (exceeded !== undefined && !this.isUnanswered) this.cutClient('too-long');
    else if (exceeded !== undefined) this.answer(exceeded === 'upload' ? uploadTooLong : tooLate, 'too-long');
  }

  requestEnded(trailers: string): void {
    this.sender.end(trailers);
  }

  tunnelContent(buffer: Buffer, start: number, end: number): void {
    this.tunnel?.fromClient(buffer, start, end);
  }

  clientDrained(): void {
    if (this.tunnel === undefined) this.attempts.connection?.resume();
    else this.tunnel.clientDrained();
  }

  clientEnded(): void {
    this.tunnel?.clientEnded();
  }

  /** It went away, or sent what can't be understood: the upstream learns it by its connection's end. */
  clientGone(outcome: 'client-gone' | 'bad-request'): void {
    this.context.holding.leave(this);
    this.finish(outcome, false);
  }

  // Held

  retry(): void {
    this.#route(steadyNow());
  }

  giveUp(): void {
    this.answerFor('no-upstream');
  }

  // Claimant

  get isUnsent(): boolean {
    return !this.sender.isSent;
  }

  reroute(): void {
    this.attempts.leave();
    this.#route(steadyNow());
  }

  endsUnder(policy: DrainPolicy): boolean {
    return policy[this.#kind] === 'end-at-event' || policy[this.#kind] === 'close-frame';
  }

  isCutUnder(policy: DrainPolicy): boolean {
    return policy[this.#kind] !== 'none';
  }

  drain(policy: DrainPolicy): void {
    if (this.isFinished) return;
    this.tunnel?.drain(policy);
    if (policy.sse !== 'end-at-event' || !this.relay.isEventStream) return;
    this.relay.endAtEvent(retryMs());
    this.client.output.flush();
    this.#afterRelay(0, 0);
  }

  cut(): void {
    if (this.isFinished) return;
    if (!this.relay.hasBegun && this.destination.pool !== undefined) this.answerFor('cut-by-drain');
    else this.cutClient('cut-by-drain');
  }

  // ClientTerms

  addedFields(): string {
    const { pool } = this.destination;
    return pool?.division === undefined ? '' : this.attempts.setCookie(pool);
  }

  // UpstreamUser

  connected(connection: UpstreamConnection): void {
    if (this.sender.attach(connection.output)) this.client.resume();
    else this.client.pause();
  }

  connectFailed(cause: DialFailure): void {
    const pool = this.destination.byNow();
    if (cause === 'overloaded') this.context.makeRoom();
    if (pool !== undefined && this.attempts.dialAgain(pool, cause)) return;
    if (cause === 'overloaded') this.answer(overloaded, cause);
    else this.answerFor(cause);
  }

  upstreamData(buffer: Buffer, start: number, end: number): void {
    if (this.tunnel !== undefined) {
      this.tunnel.fromUpstream(buffer, start, end);
      return;
    }
    const wasStream = this.relay.isEventStream;
    const at = this.relay.take(buffer, start, end);
    if (this.relay.state === 'upgraded') {
      this.#openTunnel(buffer, at, end);
      return;
    }
    const flowing = this.client.output.flush();
    if (!wasStream && this.relay.isEventStream) this.#drainIfOrdered();
    if (this.isFinished) return;
    this.#afterRelay(at, end);
    if (!flowing && !this.isFinished) this.attempts.connection?.pause();
  }

  upstreamDrained(): void {
    if (this.tunnel === undefined) this.client.resume();
    else this.tunnel.upstreamDrained();
  }

  upstreamEnded(): void {
    if (this.tunnel !== undefined) this.tunnel.upstreamEnded();
    else if (this.relay.endsWithClose()) {
      this.client.output.flush();
      this.#complete(false);
    } else this.#lost('ENDED');
  }

  upstreamFailed(code: string): void {
    if (this.tunnel === undefined) this.#lost(code);
    else this.cutClient('reset');
  }

  get #kind(): 'http' | 'sse' | 'websocket' {
    if (this.tunnel !== undefined) return 'websocket';
    return this.relay.isEventStream ? 'sse' : 'http';
  }

  #route(now: number): void {
    const pool = this.destination.find();
    if (pool === undefined) {
      const { answer, outcome } = this.destination.withoutRoute();
      this.answer(answer, outcome);
      return;
    }
    const refusal = this.destination.refusal(pool, this.sender.contentBytes);
    if (refusal === undefined) this.#attempt(pool, now);
    else this.answer(refusal, 'too-large');
  }

  #attempt(pool: Pool, now: number): void {
    if (this.attempts.begin(pool, now)) return;
    if (this.context.holding.hold(this, pool.id, pool.edge.hold)) this.#wasHeld = true;
    else this.answer(pool.noUpstream, 'no-upstream');
  }

  #refuseContent(): void {
    if (this.isUnanswered) this.answer(tooLarge, 'too-large');
    else this.cutClient('too-large');
  }

  /** The upstream's connection ended before the response did. */
  #lost(code: string): void {
    const pool = this.destination.byNow();
    if (this.relay.state === 'streaming' || this.destination.pool === undefined) this.cutClient('truncated');
    else if (this.relay.hasBegun || pool === undefined || !this.attempts.repeat(pool, code)) this.answerFor('reset');
  }

  /** The order to drain came before this turned out to be a stream. */
  #drainIfOrdered(): void {
    const policy = this.attempts.upstream?.drainPolicy;
    if (policy !== undefined) this.drain(policy);
  }

  /** Acts on what the relay has come to; `at` to `end` was left over. */
  #afterRelay(at: number, end: number): void {
    switch (this.relay.state) {
      case 'waiting':
      case 'streaming':
      case 'upgraded':
        return;
      case 'done':
        this.#complete(at === end);
        return;
      case 'ended-early':
        this.finish('ended-by-drain', true);
        return;
      case 'malformed':
        if (this.relay.head === undefined && this.destination.pool !== undefined) this.answerFor('reset');
        else this.cutClient('truncated');
    }
  }

  /** `clean`: nothing came behind the response. */
  #complete(clean: boolean): void {
    const { head } = this.relay;
    const now = steadyNow();
    if (clean && head !== undefined) this.attempts.giveBack(head, now);
    const answered = (head?.status ?? 0) >= 500 ? 'app-error' : this.#wasHeld ? 'held-then-released' : 'ok';
    this.finish(answered, true, now);
  }

  #openTunnel(buffer: Buffer, at: number, end: number): void {
    const { connection } = this.attempts;
    if (connection === undefined) return;
    const protocol = this.relay.head?.upgrade ?? '';
    this.tunnel = new Tunnel(protocol, this.client, connection, (drained) =>
      this.finish(drained ? 'ended-by-drain' : 'ok', false),
    );
    this.tunnel.fromUpstream(buffer, at, end);
    this.client.tunnelOpened();
    this.#drainIfOrdered();
  }
}

/** How long an EventSource should wait before it comes back: soon, but not all at once. */
const retryMs = (): number => 100 + Math.floor(Math.random() * 400);

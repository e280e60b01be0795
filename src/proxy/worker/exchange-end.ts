import type { RequestOutcome } from '../../model/index.ts';
import type { RequestHead } from '../codec/request-head.ts';
import type { Attempts } from './attempts.ts';
import { steadyNow, timeOfDay } from './clock.ts';
import { Destination } from './destination.ts';
import type { CompiledAnswer } from './edge-answer.ts';
import type { ExchangeClient } from './exchange-client.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { forwardedFields } from './forwarded-fields.ts';
import { RequestEntry } from './request-entry.ts';
import { RequestSender } from './request-sender.ts';
import type { ResponseRelay } from './response-relay.ts';
import type { Tunnel } from './tunnel.ts';

/** The parts of one exchange, and the ways in which it ends: once, with a record, and with nothing held any more. */
export abstract class ExchangeEnd {
  protected readonly context: ExchangeContext;
  protected readonly client: ExchangeClient;
  protected readonly head: RequestHead;
  protected readonly entry: RequestEntry;
  protected readonly destination: Destination;
  protected readonly sender: RequestSender;
  protected abstract readonly attempts: Attempts;
  protected abstract readonly relay: ResponseRelay;
  protected tunnel: Tunnel | undefined;
  protected isFinished = false;

  constructor(context: ExchangeContext, client: ExchangeClient, head: RequestHead) {
    this.context = context;
    this.client = client;
    this.head = head;
    this.entry = new RequestEntry(context, head, client.peerAddress);
    const { requestId, startedAt } = this.entry;
    this.destination = new Destination(context.switchboard, client.listener, head);
    this.sender = new RequestSender(head, forwardedFields(head, client, requestId, timeOfDay(startedAt)));
  }

  /** The client and we would keep the connection after this request. */
  get keepsAlive(): boolean {
    // A client that waits for 100 before it sends its body may never send it: what comes next could be either.
    const mayOweBody = this.head.expectsContinue && this.sender.contentBytes === 0;
    return this.head.keepAlive && this.client.staysOpen && !mayOweBody;
  }

  /** With an answer of our own, ahead of any response. */
  protected answer(answer: CompiledAnswer, outcome: RequestOutcome): void {
    if (this.isFinished) return;
    const keepsAlive = this.keepsAlive && this.sender.ended;
    const kept = this.head.http10 ? 'Connection: keep-alive\r\n' : '';
    const { requestId } = this.entry;
    const connection = keepsAlive ? kept : 'Connection: close\r\n';
    this.client.output.text(answer.render({ requestId, method: this.head.method }, connection));
    this.client.output.flush();
    this.#record(outcome, answer.status, steadyNow());
    this.#over(keepsAlive);
  }

  /** With the pool's answer for when nobody in it does. */
  protected answerFor(outcome: RequestOutcome): void {
    const { pool } = this.destination;
    if (pool !== undefined) this.answer(pool.noUpstream, outcome);
  }

  /** In the middle of a response: visibly not the whole of it. */
  protected cutClient(outcome: RequestOutcome): void {
    if (this.isFinished) return;
    this.#record(outcome, this.relay.head?.status ?? 0, steadyNow());
    this.isFinished = true;
    this.#leave();
    this.client.cut();
  }

  /** With what was sent so far. */
  protected finish(outcome: RequestOutcome, whole: boolean, now = steadyNow()): void {
    if (this.isFinished) return;
    this.#record(outcome, this.relay.head?.status ?? 0, now);
    this.#over(whole && this.relay.keepsAlive && this.sender.ended);
  }

  #over(keepsAlive: boolean): void {
    this.isFinished = true;
    this.#leave();
    this.client.exchangeDone(keepsAlive);
  }

  #leave(): void {
    this.tunnel?.destroy();
    this.attempts.leave();
    this.sender.keepNothingMore();
  }

  #record(outcome: RequestOutcome, status: number, at: number): void {
    if (!this.context.ledger.isEnabled) return;
    const { tunnel, sender, relay, destination, attempts } = this;
    this.entry.close({
      outcome,
      status,
      at,
      destination,
      attempts,
      bytesIn: tunnel?.bytesIn ?? sender.contentBytes,
      bytesOut: tunnel?.bytesOut ?? relay.contentBytes,
      firstByteAt: relay.firstByteAt,
    });
  }
}

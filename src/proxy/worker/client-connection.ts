import type { Socket } from 'node:net';
import { bodyDecoder } from '../codec/body-decoder.ts';
import type { BodyDecoder } from '../codec/body.ts';
import type { Framing } from '../codec/framing.ts';
import { findHeadEnd, requestStart } from '../codec/head-end.ts';
import { limits } from '../codec/limits.ts';
import { behindHead } from '../codec/recurring-heads.ts';
import { refuse } from '../codec/refusal.ts';
import type { Refusal } from '../codec/refusal.ts';
import { parseRequestHead } from '../codec/request-head.ts';
import type { RequestHead } from '../codec/request-head.ts';
import { BodyPace } from './body-pace.ts';
import type { Client, ClientContext } from './client.ts';
import { ClientStream } from './client-stream.ts';
import { steadyNow } from './clock.ts';
import { refusalMessage } from './edge-answer.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { patienceOf } from './patience.ts';
import { peerAddressOf } from './peer-address.ts';
import type { Sweepable } from './sweeper.ts';
import { readOctets, takeReads } from './turn-end.ts';

/** Pipelined octets kept while a response is on its way. */
const mostPipelined = limits.headBytes;

/** One client's connection: takes requests apart one after the other and hands each to an exchange. */
export class ClientConnection extends ClientStream implements Client, ExchangeClient, Sweepable {
  readonly isOpaque = false;
  readonly listener: string;
  readonly peerAddress: string;
  readonly scheme: 'http' | 'https';
  /** False once the worker or the listener is about to end: the next response says so. */
  staysOpen = true;
  readonly #context: ClientContext;
  readonly #believesPeer: boolean;
  /** What was read and has not had its turn: the octets of this buffer between `#from` and `#to`. */
  #pending: Buffer | undefined;
  #from = 0;
  #to = 0;
  #exchange: Exchange | undefined;
  /** Most clients send the same one again and again. */
  #lastHead: RequestHead | undefined;
  #body: BodyDecoder | undefined;
  #pace: BodyPace | undefined;
  #isAdvancing = false;

  constructor(accepted: Socket, listener: string, context: ClientContext) {
    super(accepted, patienceOf(context.switchboard.limitsOf(listener)));
    const { socket } = this;
    this.listener = listener;
    this.scheme = 'encrypted' in accepted ? 'https' : 'http';
    this.#context = context;
    this.peerAddress = peerAddressOf(socket);
    this.#believesPeer = context.switchboard.trustedPeers.has(this.peerAddress);
    context.sweeper.add(this);
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#ended());
    socket.on('error', () => this.#failed());
    socket.on('close', () => this.#closed());
  }

  get isIdle(): boolean {
    return this.#exchange === undefined && this.#pending === undefined && !this.hasUnread;
  }

  cut(): void {
    this.#exchange = undefined;
    this.output.write(); // a client that sees how far it came knows that this was not all
    this.socket.destroy();
  }

  /** What came behind an upgrade request belongs to the tunnel. */
  tunnelOpened(): void {
    this.#advance();
    this.resume();
  }

  exchangeDone(keepsAlive: boolean): void {
    if (this.#exchange === undefined) return;
    this.#exchange = undefined;
    this.#body = undefined;
    this.deadline = this.#context.sweeper.now + this.patience.idle;
    if (!keepsAlive || this.clientEnded) this.linger();
    else {
      this.resume();
      if (!this.#isAdvancing) this.#advance();
    }
  }

  /** Ends with the present response. When idle it ends at once, or with the next response, which nobody has to send anew. */
  retire(idleEnds: boolean): void {
    this.staysOpen = false;
    if (idleEnds && this.isIdle) this.linger();
  }

  yieldRoom(): boolean {
    if (!this.isIdle) return false;
    this.cut();
    return true;
  }

  override read(buffer: Buffer, start: number, end: number): void {
    // Read over, so that closing does not reset the response on its way; or cut since it was read.
    if (this.phase !== 'open' || this.socket.destroyed) return;
    if (this.#exchange?.isTunnel === true) {
      this.#exchange.tunnelContent(buffer, start, end);
      return;
    }
    if (this.#pending === undefined) this.#take(buffer, start, end);
    else {
      const joined = Buffer.concat([this.#pending.subarray(this.#from), buffer.subarray(start, end)]);
      this.#take(joined, 0, joined.length);
    }
    this.#advance();
    // What waits for its turn must outlive the next read.
    if (this.#pending === readOctets) {
      const rest = Buffer.from(readOctets.subarray(this.#from, this.#to));
      this.#take(rest, 0, rest.length);
    }
  }

  sweep(now: number): void {
    this.#exchange?.sweep(now);
    if (this.#exchange !== undefined && this.#drips(this.#exchange, now))
      this.#abandon(this.#exchange, refuse(408, 'body came too slowly'));
    else if (now < this.deadline && this.isStalled(now)) this.#lose();
    else if (now < this.deadline) return;
    else if (this.phase === 'lingering') this.cut();
    else if (this.#exchange === undefined && this.#pending === undefined) this.linger();
    else if (this.#exchange === undefined) this.#refuseHead(refuse(408, 'head took too long'));
    else if (this.#body !== undefined) this.#expireBody(this.#exchange, now);
  }

  /** These octets are next. */
  #take(buffer: Buffer, from: number, to: number): void {
    this.#pending = from < to ? buffer : undefined;
    this.#from = from;
    this.#to = to;
  }

  #advance(): void {
    this.#isAdvancing = true;
    while (this.#pending !== undefined && this.phase === 'open') {
      const before = this.#pending;
      const from = this.#from;
      if (this.#exchange === undefined) this.#takeHead(before, from, this.#to);
      else if (this.#body !== undefined) this.#takeBody(this.#exchange, this.#body, before);
      else if (this.#exchange.isTunnel) this.#tunnel(this.#exchange, before);
      if (this.#pending === before && this.#from === from) break;
    }
    this.#isAdvancing = false;
    if (this.#pending !== undefined && this.#to - this.#from > mostPipelined) this.pause();
  }

  #takeHead(buffer: Buffer, from: number, to: number): void {
    // A client that sends requests but reads no responses gets no further ones.
    if (this.output.isFull) return;
    const start = requestStart(buffer, from, to);
    if (start < 0) return;
    const last = this.#lastHead;
    const behindLast = behindHead(last?.recurrence?.octets, buffer, start, to);
    const end = behindLast < 0 ? findHeadEnd(buffer, start, to) : behindLast - 2;
    if (last !== undefined && behindLast >= 0) this.#begin(last, buffer, behindLast);
    else if (end === -2) this.#refuseHead(refuse(400, 'line end without CR'));
    else if ((end < 0 ? to : end) - start > limits.headBytes) this.#refuseHead(refuse(431, 'head too long'));
    else if (end < 0) this.deadline = Math.min(this.deadline, steadyNow() + this.patience.head);
    else this.#readHead(buffer, start, end);
  }

  #readHead(buffer: Buffer, start: number, end: number): void {
    const head = parseRequestHead(buffer, start, end, this.#believesPeer);
    if (head.kind === 'refusal') {
      this.#refuseHead(head);
      return;
    }
    this.#lastHead = head.recurrence === undefined ? undefined : head;
    this.#begin(head, buffer, end + 2);
  }

  /** The next octets are those `behind` it. */
  #begin(head: RequestHead, buffer: Buffer, behind: number): void {
    this.#take(buffer, behind, this.#to);
    const exchange = new Exchange(this.#context, this, head);
    this.#exchange = exchange;
    this.deadline = Number.POSITIVE_INFINITY;
    if (head.framing.kind !== 'none') this.#expectBody(exchange, head.framing);
    if (this.#exchange === exchange) exchange.start();
  }

  #expectBody(exchange: Exchange, framing: Framing): void {
    // All of it is here already, as with most: nothing to wait for, nothing to keep count of.
    if (framing.kind === 'length' && framing.length <= this.#to - this.#from && this.#pending !== undefined) {
      const end = this.#from + framing.length;
      exchange.requestContent(this.#pending, this.#from, end);
      this.#take(this.#pending, end, this.#to);
      exchange.requestEnded('');
      return;
    }
    this.deadline = steadyNow() + this.patience.body;
    this.#pace = new BodyPace(this.patience);
    this.#body = bodyDecoder(framing, (content, from, to) => exchange.requestContent(content, from, to));
    // What is here already goes with the head, in one write.
    if (this.#pending !== undefined) this.#takeBody(exchange, this.#body, this.#pending);
  }

  #takeBody(exchange: Exchange, body: BodyDecoder, buffer: Buffer): void {
    const stop = body.decode(buffer, this.#from, this.#to);
    this.#pace?.came(stop - this.#from);
    this.#take(buffer, stop, this.#to);
    this.deadline = steadyNow() + this.patience.body;
    if (this.#exchange !== exchange || body.state === 'open') return;
    this.#body = undefined;
    this.deadline = Number.POSITIVE_INFINITY;
    if (body.state === 'done') exchange.requestEnded(body.trailers);
    else this.#abandon(exchange, refuse(400, 'malformed chunk'));
  }

  #tunnel(exchange: Exchange, buffer: Buffer): void {
    const from = this.#from;
    this.#pending = undefined;
    exchange.tunnelContent(buffer, from, this.#to);
  }

  /** It never became a request. */
  #refuseHead({ status, reason }: Refusal): void {
    this.#context.ledger.refuse({ outcome: 'bad-request', status, reason, client: this.peerAddress });
    this.#refuse({ status, reason });
  }

  #refuse({ status, reason }: Pick<Refusal, 'status' | 'reason'>): void {
    this.#pending = undefined;
    this.output.text(refusalMessage(status, reason));
    this.linger();
  }

  /** The request turned out bad after its exchange began: the upstream must not get a whole one. */
  #abandon(exchange: Exchange, refusal: Refusal): void {
    const answerable = exchange.isUnanswered;
    this.#exchange = undefined;
    exchange.clientGone('bad-request');
    if (answerable) this.#refuse(refusal);
    else this.cut();
  }

  protected override linger(): void {
    if (this.phase === 'open') this.#pending = undefined;
    super.linger();
  }

  /** One that gets its answer already may send what is left at its own pace. */
  #drips(exchange: Exchange, now: number): boolean {
    if (this.#body === undefined) return false;
    return this.#pace?.isTooSlow(now, this.socket.isPaused() || !exchange.isUnanswered) === true;
  }

  /** Slowness counts only while we would read: the upstream may hold the client back for longer, though not for ever. */
  #expireBody(exchange: Exchange, now: number): void {
    const isHeldBack = this.isPaused && now < this.deadline + this.patience.stalled;
    if (!isHeldBack) this.#abandon(exchange, refuse(408, 'body took too long'));
  }

  /** The client is gone or can't be reached any more. */
  #lose(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.phase = 'closed';
    this.socket.destroy();
    exchange?.clientGone('client-gone');
  }

  #failed(): void {
    if (this.hasUnread) takeReads();
    this.#lose();
  }

  #closed(): void {
    if (this.hasUnread) takeReads();
    this.#lose();
    this.#context.sweeper.remove(this);
    this.#context.closed(this);
  }

  #drained(): void {
    this.#exchange?.clientDrained();
    if (this.#exchange === undefined) this.#advance();
  }

  #ended(): void {
    if (this.hasUnread) takeReads();
    this.clientEnded = true;
    const exchange = this.#exchange;
    if (this.phase === 'lingering') this.socket.destroySoon();
    else if (exchange === undefined) this.linger();
    else if (exchange.isTunnel) exchange.clientEnded();
    else if (this.#body === undefined) this.whenHalfClosedAndSilent(() => this.#lose());
    else this.#lose();
  }
}

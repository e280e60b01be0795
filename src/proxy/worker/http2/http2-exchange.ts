import { constants } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { refuse } from '../../codec/refusal.ts';
import type { Refusal } from '../../codec/refusal.ts';
import { trailerFields } from '../../codec/trailers.ts';
import { BodyPace } from '../body-pace.ts';
import { steadyNow } from '../clock.ts';
import { refusalMessage } from '../edge-answer.ts';
import { Exchange } from '../exchange.ts';
import type { ExchangeClient } from '../exchange-client.ts';
import type { ExchangeContext } from '../exchange-context.ts';
import type { Patience } from '../patience.ts';
import { requestHeadOf } from './request-head.ts';
import { Http2Response } from './response.ts';

/** What all streams of one connection share. */
export interface Http2Peer {
  readonly listener: string;
  readonly peerAddress: string;
  /** What it says of its own clients goes on. */
  readonly isBelieved: boolean;
  readonly patience: Patience;
  readonly context: ExchangeContext;
}

/** One stream of HTTP/2 as the client of an exchange. */
export class Http2Exchange implements ExchangeClient {
  readonly output: Http2Response;
  readonly listener: string;
  readonly peerAddress: string;
  readonly scheme = 'https';
  /** Streams don't follow each other, so this says nothing about the next one. */
  readonly staysOpen = true;
  readonly #stream: ServerHttp2Stream;
  readonly #patience: Patience;
  #exchange: Exchange | undefined;
  #trailers = '';
  #early: Buffer[] = [];
  #hasBody: boolean;
  #bodyDeadline = Number.POSITIVE_INFINITY;
  #pace: BodyPace | undefined;
  #waitedBytes = 0;
  #progressAt = 0;

  constructor(stream: ServerHttp2Stream, raw: readonly string[], peer: Http2Peer) {
    this.#stream = stream;
    this.listener = peer.listener;
    this.peerAddress = peer.peerAddress;
    this.#patience = peer.patience;
    this.#hasBody = !stream.endAfterHeaders;
    const head = requestHeadOf(raw, this.#hasBody, peer.isBelieved);
    this.output = new Http2Response(stream, head.kind === 'request' ? head.method : 'GET');
    stream.on('error', () => undefined); // `close` follows and says all that counts
    stream.on('close', () => this.#closed());
    if (head.kind === 'refusal') {
      const { status, reason } = head;
      peer.context.ledger.refuse({ outcome: 'bad-request', status, reason, client: peer.peerAddress });
      this.#refuse(head);
      return;
    }
    this.#exchange = new Exchange(peer.context, this, head);
    stream.on('drain', () => this.#exchange?.clientDrained());
    stream.on('trailers', (trailers: IncomingHttpHeaders) => (this.#trailers = trailerLines(trailers)));
    stream.on('end', () => this.#requestEnded());
    if (head.upgrade !== undefined) this.#hasBody = false; // what comes belongs to the tunnel
    if (this.#hasBody) {
      this.#bodyDeadline = steadyNow() + this.#patience.body;
      this.#pace = new BodyPace(this.#patience);
    }
    this.#exchange.start();
    stream.on('data', (chunk: Buffer) => this.#received(chunk));
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** The tunnel's other end said its last word. */
  end(): void {
    this.output.end();
  }

  tunnelOpened(): void {
    for (const chunk of this.#early.splice(0)) this.#exchange?.tunnelContent(chunk, 0, chunk.length);
    this.resume();
    if (this.#stream.readableEnded) this.#exchange?.clientEnded();
  }

  exchangeDone(): void {
    if (this.#exchange === undefined) return;
    const wasTunnel = this.#exchange.isTunnel;
    this.#exchange = undefined;
    if (wasTunnel && !this.output.isComplete) this.end();
    if (!this.output.isComplete) this.#reset(constants.NGHTTP2_INTERNAL_ERROR);
    // All is said: the client may save itself the rest. RFC 9113 8.1.
    else if (!this.#stream.readableEnded) this.#afterFinish(() => this.#reset(constants.NGHTTP2_NO_ERROR));
  }

  cut(): void {
    this.#exchange = undefined;
    this.#reset(constants.NGHTTP2_INTERNAL_ERROR);
  }

  sweep(now: number): void {
    this.#exchange?.sweep(now);
    if (this.#exchange === undefined) return;
    if (now >= this.#bodyDeadline && !this.#stream.isPaused()) this.#abandon(refuse(408, 'body took too long'));
    else if (this.#drips(this.#exchange, now)) this.#abandon(refuse(408, 'body came too slowly'));
    const waiting = this.#stream.writableLength;
    if (waiting === 0 || waiting !== this.#waitedBytes) {
      this.#waitedBytes = waiting;
      this.#progressAt = now;
    } else if (now - this.#progressAt > this.#patience.stalled) this.#reset(constants.NGHTTP2_CANCEL);
  }

  /** One that gets its answer already may send what is left at its own pace. */
  #drips(exchange: Exchange, now: number): boolean {
    if (this.#bodyDeadline === Number.POSITIVE_INFINITY) return false;
    return this.#pace?.isTooSlow(now, this.#stream.isPaused() || !exchange.isUnanswered) === true;
  }

  #received(chunk: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if (exchange.isTunnel) exchange.tunnelContent(chunk, 0, chunk.length);
    else if (this.#hasBody) {
      this.#bodyDeadline = steadyNow() + this.#patience.body;
      this.#pace?.came(chunk.length);
      exchange.requestContent(chunk, 0, chunk.length);
    } else {
      this.#early.push(chunk);
      this.pause();
    }
  }

  #requestEnded(): void {
    this.#bodyDeadline = Number.POSITIVE_INFINITY;
    if (this.#exchange?.isTunnel === true) this.#exchange.clientEnded();
    else if (this.#hasBody) this.#exchange?.requestEnded(this.#trailers);
  }

  #refuse(refusal: Refusal): void {
    this.output.text(refusalMessage(refusal.status, refusal.reason));
    this.#afterFinish(() => this.#reset(constants.NGHTTP2_NO_ERROR));
    this.#stream.resume();
  }

  /** The request turned out bad after its exchange began: the upstream must not get a whole one. */
  #abandon(refusal: Refusal): void {
    const exchange = this.#exchange;
    const answerable = exchange?.isUnanswered === true;
    this.#exchange = undefined;
    exchange?.clientGone('bad-request');
    if (answerable) this.#refuse(refusal);
    else this.#reset(constants.NGHTTP2_CANCEL);
  }

  #afterFinish(then: () => void): void {
    if (this.#stream.writableFinished) then();
    else this.#stream.once('finish', then);
  }

  #reset(code: number): void {
    if (!this.#stream.closed) this.#stream.close(code);
  }

  #closed(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.clientGone('client-gone');
  }
}

const trailerLines = (trailers: IncomingHttpHeaders): string => {
  const lines = Object.entries(trailers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((each) => `${name}: ${each}\r\n`),
  );
  const text = Buffer.from(lines.join(''), 'latin1');
  return trailerFields(text, text.length) ?? '';
};

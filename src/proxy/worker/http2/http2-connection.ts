import { constants, performServerHandshake } from 'node:http2';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { limits } from '../../codec/limits.ts';
import type { Client, ClientContext } from '../client.ts';
import { steadyNow } from '../clock.ts';
import { patienceOf } from '../patience.ts';
import { peerAddressOf } from '../peer-address.ts';
import type { Sweepable } from '../sweeper.ts';
import { Http2Exchange } from './http2-exchange.ts';

/** A client that does not answer a ping by then is told its end without it. */
const pingMs = 2_000;
/** What one connection may have us keep: streams at once, octets per stream and altogether. */
const most = { streams: 128, streamBytes: 262_144, connectionBytes: 1_048_576 };
/** More than any stream's number: none is refused yet. RFC 9113 6.8. */
const anyStream = 2 ** 31 - 1;

/** One client's HTTP/2 connection; each of its streams is an exchange like any other. */
export class Http2Connection implements Client, Sweepable {
  readonly isOpaque = false;
  readonly #session: ServerHttp2Session;
  readonly #context: ClientContext;
  readonly #idleMs: number;
  readonly #streams = new Set<Http2Exchange>();
  #idleSince = steadyNow();
  #isRetiring = false;

  constructor(socket: TLSSocket, listener: string, context: ClientContext) {
    this.#context = context;
    const patience = patienceOf(context.switchboard.limitsOf(listener));
    const peerAddress = peerAddressOf(socket);
    const isBelieved = context.switchboard.trustedPeers.has(peerAddress);
    const peer = { listener, peerAddress, isBelieved, patience, context };
    this.#idleMs = patience.idle;
    this.#session = performServerHandshake(socket, {
      settings: {
        enableConnectProtocol: true,
        maxConcurrentStreams: most.streams,
        initialWindowSize: most.streamBytes,
        maxHeaderListSize: limits.headBytes,
      },
      maxHeaderListPairs: limits.fields + 8,
      // What an application sends twice it also sends twice over HTTP/1.1.
      strictSingleValueFields: false,
    });
    this.#session.setLocalWindowSize(most.connectionBytes);
    this.#session.on('stream', (stream, _headers, _flags, raw) => this.#begin(stream, raw, peer));
    this.#session.on('error', () => this.#session.destroy());
    this.#session.on('close', () => this.#closed());
    context.sweeper.add(this);
  }

  /** Says first that an end is near, so that what is on its way to us still counts; then that this was the last stream. */
  retire(): void {
    if (this.#isRetiring || this.#session.closed) return;
    this.#isRetiring = true;
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, anyStream);
    const timer = setTimeout(() => this.#session.close(), pingMs);
    // Whatever was sent before the client knew has come when it answers.
    this.#session.ping(() => {
      clearTimeout(timer);
      this.#session.close();
    });
  }

  yieldRoom(): boolean {
    if (this.#streams.size > 0) return false;
    this.#session.destroy();
    return true;
  }

  sweep(now: number): void {
    for (const stream of this.#streams) stream.sweep(now);
    if (this.#streams.size === 0 && now - this.#idleSince > this.#idleMs) this.retire();
  }

  #begin(
    stream: ServerHttp2Stream,
    raw: readonly string[],
    peer: ConstructorParameters<typeof Http2Exchange>[2],
  ): void {
    stream.once('close', () => {
      this.#streams.delete(exchange);
      this.#idleSince = steadyNow();
    });
    const exchange = new Http2Exchange(stream, raw, peer);
    this.#streams.add(exchange);
  }

  #closed(): void {
    this.#context.sweeper.remove(this);
    this.#context.closed(this);
  }
}

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { DrainPolicy, RequestOutcome } from '../../../model/index.ts';
import type { Client } from '../client.ts';
import { steadyNow, timeOfDay } from '../clock.ts';
import type { Division, Placement } from '../division.ts';
import type { ExchangeContext } from '../exchange-context.ts';
import type { Held } from '../holding.ts';
import { peerAddressOf } from '../peer-address.ts';
import type { Pool } from '../pool.ts';
import { lastTried, passedOver } from '../tried.ts';
import type { Claimant, Upstream } from '../upstream.ts';
import { intoShared, readingIntoShared } from '../read-buffer.ts';
import { dialFailure } from '../upstream-connection.ts';
import type { DialFailure } from '../upstream-connection.ts';
import { Way } from './way.ts';

/** A peer that vanished without a word is noticed after some minutes. */
const keepAliveMs = 60_000;

export interface TcpContext extends ExchangeContext {
  readonly closed: (client: Client) => void;
}

/** One connection that goes as it is to one upstream: chosen and counted like a request, in the ledger when it ends. */
export class TcpConnection implements Client, Claimant, Held {
  place = -1;
  readonly isOpaque = true;
  readonly #client: Socket;
  /** Asked while it is there to tell. */
  readonly #address: string;
  readonly #toUpstream = new Way();
  #toClient: Way | undefined;
  readonly #listener: string;
  readonly #context: TcpContext;
  readonly #startedAt = steadyNow();
  readonly #id: string;
  #pool: Pool | undefined;
  #generation = 0;
  #upstream: Upstream | undefined;
  #upstreamPort: number | undefined;
  #socket: Socket | undefined;
  #isConnected = false;
  #dialTimer: NodeJS.Timeout | undefined;
  #dials = 0;
  #tried: Set<Upstream> | undefined;
  #placement: Placement | undefined;
  #wasHeld = false;
  #isOver = false;

  constructor(accepted: Socket, listener: string, context: TcpContext) {
    const client = readingIntoShared(accepted, this.#toUpstream);
    this.#client = client;
    this.#address = peerAddressOf(client);
    this.#listener = listener;
    this.#context = context;
    this.#id = context.nextRequestId();
    client.setKeepAlive(true, keepAliveMs);
    client.on('error', () => this.#end('client-gone'));
    client.on('close', () => this.#clientClosed());
  }

  /** Chooses an upstream and connects; what the client sends meanwhile waits in the kernel. */
  start(): void {
    const { holding } = this.#context;
    this.#pool = this.#find();
    if (this.#pool === undefined) this.#end('no-upstream');
    else if (this.#attempt(this.#pool)) return;
    else if (holding.hold(this, this.#pool.id, this.#pool.edge.hold)) this.#wasHeld = true;
    else this.#end('no-upstream');
  }

  // Client

  /** It lasts as long as both sides want it to: only they know when its end costs nothing. */
  retire(): void {}

  yieldRoom(): boolean {
    return false;
  }

  // Held

  retry(): void {
    this.start();
  }

  giveUp(): void {
    this.#end('no-upstream');
  }

  // Claimant

  get isUnsent(): boolean {
    return !this.#isConnected;
  }

  reroute(): void {
    this.#leave();
    this.start();
  }

  /** Nothing is known of what it carries, so there is no kind way of ending it. */
  endsUnder(): boolean {
    return false;
  }

  isCutUnder(policy: DrainPolicy): boolean {
    return policy.websocket !== 'none';
  }

  drain(): void {}

  cut(): void {
    this.#end('cut-by-drain');
  }

  /** Its record says by which table. */
  #find(): Pool | undefined {
    const { switchboard } = this.#context;
    const found = switchboard.findTcp(this.#listener);
    this.#generation = switchboard.generation;
    this.#upstreamPort = found?.upstreamPort;
    return found?.pool;
  }

  #attempt(pool: Pool): boolean {
    const upstream = pool.division === undefined ? pool.choose(this.#tried) : this.#place(pool.division);
    if (upstream === undefined) return false;
    // Chosen and counted in one step, as requests are.
    upstream.claim(this);
    this.#upstream = upstream;
    this.#dials += 1;
    const { host, port } = upstream.address;
    const toClient = new Way();
    const onread = intoShared(toClient);
    const socket = connect({ host, port: this.#upstreamPort ?? port, onread, allowHalfOpen: true, noDelay: true });
    this.#socket = socket;
    this.#toClient = toClient;
    this.#dialTimer = setTimeout(() => this.#dialFailed('connect-timeout'), pool.edge.dial.timeoutMs);
    socket.on('connect', () => this.#connected(socket));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#isConnected ? this.#end('reset') : this.#dialFailed(dialFailure(error.code ?? '')),
    );
    socket.on('close', () => this.#upstreamClosed(socket));
    return true;
  }

  /** It has its turn among the shares; of matches and cookies it can say nothing. */
  #place(division: Division): Upstream | undefined {
    if (this.#placement?.division !== division) this.#placement = division.place('');
    return this.#placement.choose(this.#tried);
  }

  /** Each side's end goes on as an end, and neither is read faster than the other takes. */
  #connected(socket: Socket): void {
    clearTimeout(this.#dialTimer);
    this.#isConnected = true;
    socket.setKeepAlive(true, keepAliveMs);
    this.#toUpstream.open(this.#client, socket);
    this.#toClient?.open(socket, this.#client);
  }

  #dialFailed(cause: DialFailure): void {
    const failed = this.#upstream;
    if (cause === 'overloaded') this.#context.makeRoom();
    else if (failed !== undefined) (this.#tried ??= new Set()).add(failed);
    // A table may have come since the connection did: whom it dropped gets no second attempt.
    const pool = this.#find();
    if (pool === undefined || failed === undefined || this.#dials >= pool.edge.dial.attempts) {
      this.#end(cause);
      return;
    }
    this.#pool = pool;
    this.#leave();
    if (!this.#attempt(pool)) this.#end(cause);
  }

  #clientClosed(): void {
    if (!isWhole(this.#client)) this.#end('client-gone');
    else this.#endIfBothClosed();
    this.#context.closed(this);
  }

  #upstreamClosed(socket: Socket): void {
    if (socket !== this.#socket || !this.#isConnected) return;
    if (!isWhole(socket)) this.#end('reset');
    else this.#endIfBothClosed();
  }

  /** One side may be closed while what it sent last is still on its way to the other. */
  #endIfBothClosed(): void {
    if (this.#client.closed && this.#socket?.closed !== false) this.#end(this.#goodOutcome);
  }

  get #goodOutcome(): RequestOutcome {
    return this.#wasHeld ? 'held-then-released' : 'ok';
  }

  /** What did not end in order ends visibly: a reset on both sides, so that nobody takes half for the whole. */
  #end(outcome: RequestOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#toUpstream.finish();
    this.#toClient?.finish();
    this.#record(outcome);
    this.#context.holding.leave(this);
    const isAbrupt = outcome !== this.#goodOutcome && this.#isConnected;
    if (isAbrupt) this.#client.resetAndDestroy();
    else this.#client.destroy();
    if (isAbrupt) this.#socket?.resetAndDestroy();
    this.#leave();
  }

  #leave(): void {
    clearTimeout(this.#dialTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#upstream?.release(this);
    this.#upstream = undefined;
  }

  #record(outcome: RequestOutcome): void {
    const { ledger } = this.#context;
    if (!ledger.isEnabled) return;
    const upstream = this.#upstream ?? lastTried(this.#tried);
    ledger.add({
      at: timeOfDay(this.#startedAt),
      requestId: this.#id,
      route: this.#listener,
      pool: this.#pool?.id,
      generation: this.#generation,
      revision: upstream?.revision,
      replica: upstream?.id,
      passedOver: passedOver(this.#tried, upstream),
      method: 'TCP',
      path: '',
      status: 0,
      bytesIn: this.#socket?.bytesWritten ?? 0,
      bytesOut: this.#client.bytesWritten,
      durationMs: Math.round(steadyNow() - this.#startedAt),
      outcome,
      client: this.#address,
    });
  }
}

/** Both of its ends were said in order. */
const isWhole = (socket: Socket): boolean => socket.readableEnded && socket.writableFinished;

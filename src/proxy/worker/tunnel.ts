import type { DrainPolicy } from '../../model/index.ts';
import type { ClientOutput } from './exchange-client.ts';
import type { UpstreamConnection } from './upstream-connection.ts';
import { closeForClient, closeForUpstream, FrameBoundary } from './websocket-frames.ts';

/** The client's end of a tunnel. */
export interface TunnelClient {
  readonly output: ClientOutput;
  pause(): void;
  resume(): void;
  /** Says that nothing more will be sent. */
  end(): void;
}

/** How long the other side may take to answer a Close frame. */
const closeAnswerMs = 2_000;

/** One way through a tunnel: what goes where, and how far it has come. */
interface Direction {
  readonly output: ClientOutput;
  readonly frames: FrameBoundary | undefined;
  readonly closeFrame: () => Buffer;
  /** A Close frame of ours was sent; nothing may follow. */
  muted: boolean;
  ended: boolean;
  bytes: number;
}

/** Octets both ways after an upgrade, and for a WebSocket a kind end. */
export class Tunnel {
  readonly kind: 'websocket' | 'opaque';
  readonly #client: TunnelClient;
  readonly #connection: UpstreamConnection;
  readonly #finished: (drained: boolean) => void;
  readonly #toClient: Direction;
  readonly #toUpstream: Direction;
  #closing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    protocol: string,
    client: TunnelClient,
    connection: UpstreamConnection,
    finished: (drained: boolean) => void,
  ) {
    this.kind = protocol.toLowerCase() === 'websocket' ? 'websocket' : 'opaque';
    this.#client = client;
    this.#connection = connection;
    this.#finished = finished;
    this.#toClient = this.#direction(client.output, () => closeForClient);
    this.#toUpstream = this.#direction(connection.output, closeForUpstream);
  }

  get bytesIn(): number {
    return this.#toUpstream.bytes;
  }

  get bytesOut(): number {
    return this.#toClient.bytes;
  }

  fromClient(buffer: Buffer, start: number, end: number): void {
    if (!this.#pass(this.#toUpstream, buffer, start, end)) this.#client.pause();
    this.#checkClosed();
  }

  fromUpstream(buffer: Buffer, start: number, end: number): void {
    if (!this.#pass(this.#toClient, buffer, start, end)) this.#connection.pause();
    this.#checkClosed();
  }

  clientDrained(): void {
    this.#connection.resume();
  }

  upstreamDrained(): void {
    this.#client.resume();
  }

  clientEnded(): void {
    this.#toUpstream.ended = true;
    this.#connection.end();
    this.#endIfBothEnded();
  }

  upstreamEnded(): void {
    this.#toClient.ended = true;
    this.#client.end();
    if (this.kind === 'websocket') this.#timer ??= setTimeout(() => this.#finished(this.#closing), closeAnswerMs);
    this.#endIfBothEnded();
  }

  /** Close frames to both sides, each as soon as no frame is half way through. */
  drain(policy: DrainPolicy): void {
    if (this.kind !== 'websocket' || policy.websocket !== 'close-frame' || this.#closing) return;
    this.#closing = true;
    for (const direction of [this.#toClient, this.#toUpstream]) {
      if (direction.frames?.atBoundary === true) this.#mute(direction);
      direction.output.flush();
    }
    this.#checkClosed();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#connection.output.write(); // the last word of one side may be a Close frame
  }

  #direction(output: ClientOutput, closeFrame: () => Buffer): Direction {
    const frames = this.kind === 'websocket' ? new FrameBoundary() : undefined;
    return { output, frames, closeFrame, muted: false, ended: false, bytes: 0 };
  }

  #pass(direction: Direction, buffer: Buffer, start: number, end: number): boolean {
    const { frames } = direction;
    let at = start;
    if (frames !== undefined) at = frames.advance(buffer, start, end, this.#closing && !direction.muted);
    if (!direction.muted) {
      const stop = frames === undefined ? end : at;
      direction.bytes += stop - start;
      direction.output.content(buffer, start, stop);
      if (this.#closing && frames?.atBoundary === true) this.#mute(direction);
    }
    // What follows our Close is read for the other side's own Close only.
    if (frames !== undefined && at < end) frames.advance(buffer, at, end, false);
    return direction.output.flush();
  }

  #mute(direction: Direction): void {
    direction.muted = true;
    if (direction.frames?.sawClose === true) return;
    const frame = direction.closeFrame();
    direction.output.content(frame, 0, frame.length);
  }

  /** Both were told; once the client answered, or did not in time, the connection ends. */
  #checkClosed(): void {
    if (!this.#toClient.muted || !this.#toUpstream.muted) return;
    if (this.#toUpstream.frames?.sawClose === true) this.#finished(true);
    else this.#timer ??= setTimeout(() => this.#finished(true), closeAnswerMs);
  }

  #endIfBothEnded(): void {
    if (this.#toClient.ended && this.#toUpstream.ended) this.#finished(this.#closing);
  }
}

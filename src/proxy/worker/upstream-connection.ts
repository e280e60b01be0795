import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Address } from '../../model/index.ts';
import { isOutOfDescriptors } from './descriptors.ts';
import { Output } from './output.ts';
import { readBuffer, takeAtTurnEnd, takeReads } from './turn-end.ts';
import type { Reader } from './turn-end.ts';

/** `overloaded`: it is us who have no file descriptor left. */
export type DialFailure = 'refused' | 'connect-timeout' | 'overloaded';

export const dialFailure = (code: string): DialFailure => (isOutOfDescriptors(code) ? 'overloaded' : 'refused');

/** What a connection tells whoever uses it at the moment. */
export interface UpstreamUser {
  connected(connection: UpstreamConnection): void;
  connectFailed(cause: DialFailure): void;
  /** The buffer is only valid during the call. */
  upstreamData(buffer: Buffer, start: number, end: number): void;
  upstreamDrained(): void;
  upstreamEnded(): void;
  upstreamFailed(code: string): void;
}

/** Whose connection it is. */
export interface ConnectionOwner {
  readonly address: Address;
  /** It is closed: nobody may be given it any more. */
  forget(connection: UpstreamConnection): void;
}

/** One connection to one upstream; carries one request at a time and is idle in between. */
export class UpstreamConnection implements Reader {
  hasUnread = false;
  readonly output: Output;
  user: UpstreamUser | undefined;
  /** Requests it carried before the present one. */
  carried = 0;
  idleSince = 0;
  /** How long it may lie idle, by what the upstream said of itself. */
  idleLimitMs: number;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #dialTimer: NodeJS.Timeout | undefined;

  constructor(owner: ConnectionOwner, user: UpstreamUser, dialTimeoutMs: number, idleLimitMs: number) {
    this.#owner = owner;
    this.user = user;
    this.idleLimitMs = idleLimitMs;
    const onread = { buffer: readBuffer, callback: (length: number) => this.#received(length) };
    const { host, port } = owner.address;
    this.#socket = connect({ host, port, onread, allowHalfOpen: true, noDelay: true });
    this.output = new Output(this.#socket);
    this.#dialTimer = setTimeout(() => this.#dialTimedOut(), dialTimeoutMs);
    this.#socket.on('connect', () => this.#connected());
    this.#socket.on('drain', () => this.user?.upstreamDrained());
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#failed(error.code ?? 'UNKNOWN'));
    this.#socket.on('close', () => this.#failed('CLOSED'));
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  read(buffer: Buffer, start: number, end: number): void {
    this.user?.upstreamData(buffer, start, end);
  }

  /** Says that nothing more will be sent; the other direction stays. */
  end(): void {
    this.output.end();
  }

  /** What has not gone out yet never does: its request may go elsewhere. */
  destroy(): void {
    this.user = undefined;
    this.#close();
    this.#socket.destroy();
  }

  #connected(): void {
    clearTimeout(this.#dialTimer);
    this.#state = 'open';
    this.user?.connected(this);
  }

  #dialTimedOut(): void {
    const { user } = this;
    this.destroy();
    user?.connectFailed('connect-timeout');
  }

  #received(length: number): boolean {
    if (this.user === undefined) this.destroy(); // nobody asked for anything: what comes can't belong to a request
    else takeAtTurnEnd(this, length);
    return true;
  }

  #ended(): void {
    if (this.hasUnread) takeReads();
    if (this.user === undefined) this.destroy();
    else this.user.upstreamEnded();
  }

  #failed(code: string): void {
    if (this.hasUnread) takeReads();
    const before = this.#state;
    if (before === 'closed') return;
    const { user } = this;
    this.destroy();
    if (before === 'connecting') user?.connectFailed(dialFailure(code));
    else user?.upstreamFailed(code);
  }

  #close(): void {
    if (this.#state === 'closed') return;
    clearTimeout(this.#dialTimer);
    this.#state = 'closed';
    this.#owner.forget(this);
  }
}

import type { Socket } from 'node:net';
import type { ConnectionLimits } from '../../model/index.ts';
import type { SocketKey } from '../messages.ts';
import type { Client } from './client.ts';
import { ConnectionCaps } from './connection-caps.ts';
import type { Place } from './connection-caps.ts';
import { isScarce, toldRarely } from './descriptors.ts';

export interface OpenClient {
  readonly listener: string;
  /** The socket it came in by. */
  readonly key: SocketKey;
  readonly place: Place;
}

/** Idle connections closed at once when descriptors are scarce: some, so that not every accept has to look. */
const roomMade = 32;
/** How many connections are looked at for that. */
const mostLookedAt = 2_000;

/** The connections that clients have with this worker. */
export class Clients {
  readonly #open = new Map<Client, OpenClient>();
  readonly #caps = new ConnectionCaps();

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): IterableIterator<[Client, OpenClient]> {
    return this.#open[Symbol.iterator]();
  }

  /** undefined: there is no room for it, and it should be closed. */
  placeFor(socket: Socket, listener: string, limits: ConnectionLimits | undefined): Place | undefined {
    if (isScarce(socket) && !this.makeRoom()) return undefined;
    return this.#caps.placeFor(listener, socket.remoteAddress ?? '', limits);
  }

  opened(client: Client, entry: OpenClient): void {
    this.#caps.enter(entry.place);
    this.#open.set(client, entry);
  }

  closed(client: Client): void {
    const entry = this.#open.get(client);
    if (entry === undefined) return;
    this.#caps.leave(entry.place);
    this.#open.delete(client);
  }

  /** Closes connections that carry nothing, the oldest first; false when there is none. */
  makeRoom(): boolean {
    let made = 0;
    let looked = 0;
    for (const client of this.#open.keys()) {
      if (client.yieldRoom()) made += 1;
      looked += 1;
      if (made === roomMade || looked === mostLookedAt) break;
    }
    toldRarely(`out of file descriptors: ${made} idle connections were closed`);
    return made > 0;
  }
}

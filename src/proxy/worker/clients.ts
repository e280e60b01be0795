import type { Socket } from 'node:net';
import type { ConnectionLimits } from '../../model/index.ts';
import type { SocketKey } from '../messages.ts';
import type { Client } from './client.ts';
import { hasCaps } from './connection-places.ts';
import type { ConnectionPlaces, Place } from './connection-places.ts';
import { isScarce, toldRarely } from './descriptors.ts';

export interface OpenClient {
  readonly listener: string;
  /** The socket it came in by. */
  readonly key: SocketKey;
  /** undefined: nothing is limited there. */
  readonly place: Place | undefined;
}

/** What becomes of a connection that has come; one of the two is called, be it later. */
interface Arrival {
  readonly admitted: (place: Place | undefined) => void;
  /** There is no room for it, and it should be closed. */
  readonly refused: (reason: string) => void;
}

/** Idle connections closed at once when descriptors are scarce: some, so that not every accept has to look. */
const roomMade = 32;
/** How many connections are looked at for that. */
const mostLookedAt = 2_000;

/** The connections that clients have with this worker. */
export class Clients {
  readonly #open = new Map<Client, OpenClient>();
  readonly #places: ConnectionPlaces;
  #opaque = 0;

  constructor(places: ConnectionPlaces) {
    this.#places = places;
  }

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): IterableIterator<[Client, OpenClient]> {
    return this.#open[Symbol.iterator]();
  }

  /** Nothing is open or about to be. */
  get areGone(): boolean {
    return this.#open.size === 0 && this.#places.waiting === 0;
  }

  /** How many there are of which nothing is known. */
  get opaque(): number {
    return this.#opaque;
  }

  get areAllOpaque(): boolean {
    return this.#opaque === this.#open.size && this.#places.waiting === 0;
  }

  arrive(socket: Socket, listener: string, limits: ConnectionLimits | undefined, arrival: Arrival): void {
    if (isScarce(socket) && !this.makeRoom()) arrival.refused('out of file descriptors');
    else if (!hasCaps(limits)) arrival.admitted(undefined);
    else {
      this.#places.want(listener, socket.remoteAddress ?? '', limits, (place) => {
        if (place === undefined) arrival.refused('too many connections');
        else {
          // Where nobody takes it after all.
          socket.once('close', () => this.#places.leave(place));
          arrival.admitted(place);
        }
      });
    }
  }

  opened(client: Client, entry: OpenClient): void {
    if (entry.place !== undefined) entry.place.holders += 1;
    if (client.isOpaque) this.#opaque += 1;
    this.#open.set(client, entry);
  }

  closed(client: Client): void {
    const entry = this.#open.get(client);
    if (entry === undefined) return;
    this.#open.delete(client);
    if (client.isOpaque) this.#opaque -= 1;
    if (entry.place === undefined) return;
    entry.place.holders -= 1;
    this.#places.leave(entry.place);
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
